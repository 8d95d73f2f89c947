import type { Pool } from 'pg'
import { unknownMigrations } from '#database/migrations.ts'
import { isRunning } from '#tasks/attempts/takers.ts'
import { version as ours } from '#version.ts'
import type { Problem } from '../problem.ts'

interface Row {
  id: string
  host: string
  version: string
  started_at: Date
}

export const runningVersionsSql = `
select id, host, version, started_at from darkroom.workers w where ${isRunning} order by started_at desc limit 500`

export async function versionProblems(pool: Pool): Promise<Problem[]> {
  const { rows } = await pool.query<Row>(runningVersionsSql)
  return [...differing(rows), ...newerDatabase(await unknownMigrations(pool))]
}

/** The worker that was started last has the version that is wanted. */
function differing([newest, ...others]: Row[]): Problem[] {
  const left = others.filter(({ version }) => version !== newest!.version)
  if (left.length === 0) return []
  const versions = [...new Set(left.map(({ version }) => version))].join(', ')
  return [
    {
      code: 'versions_differ',
      sentence: `The worker that started last has version ${newest!.version}, and ${left.length === 1 ? 'another one has' : `${left.length} others have`} ${versions}: shut them down, unless a deploy is under way`,
      since: newest!.started_at,
      severity: 'notice',
      subject: { type: 'service', id: 'workers' },
      actions: left.slice(0, 5).map(({ id, host, version }) => ({
        label: `Shut down worker ${version} on ${host}`,
        method: 'POST',
        url: `/api/workers/${id}/shutdown`,
        scope: 'admin',
        body: { mode: 'warm' }
      }))
    }
  ]
}

function newerDatabase([first]: string[]): Problem[] {
  if (first === undefined) return []
  return [
    {
      code: 'database_newer',
      sentence: `A newer version has migrated the database (${first}), which this process of version ${ours} does not know: restart API and workers with that version`,
      since: null,
      severity: 'warning',
      subject: { type: 'service', id: 'database' },
      actions: []
    }
  ]
}
