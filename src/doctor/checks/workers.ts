import { isRunning } from '#tasks/attempts/takers.ts'
import type { CheckNeeds, Finding } from '../finding.ts'

interface Version {
  version: string
  workers: number
}

interface Zones {
  tzdata: string
  schedules: number
}

export const workerVersionsSql = `
select version, count(*)::int as workers from darkroom.workers w where ${isRunning} group by version order by version`

export const zoneVersionsSql = `
select tzdata, count(*)::int as schedules from darkroom.schedules
where enabled and cron is not null and tzdata is not null group by tzdata order by tzdata`

/** Workers of different versions, and plans with different time zone data. */
export async function checkWorkers({ pool }: CheckNeeds): Promise<Finding[]> {
  const { rows: versions } = await pool.query<Version>(workerVersionsSql)
  const { rows: zones } = await pool.query<Zones>(zoneVersionsSql)
  const findings: Finding[] = []
  if (versions.length > 1) {
    findings.push({
      code: 'versions_differ',
      severity: 'notice',
      what: `Workers of ${versions.length} versions run: ${versions.map(({ version }) => version).join(', ')}`,
      why: 'That is right during a rolling deploy, and otherwise a worker that was left behind',
      evidence: { versions },
      fix: 'Shut down the older workers: POST /api/workers/{id}/shutdown'
    })
  }
  if (zones.some(({ tzdata }) => tzdata !== process.versions.tz)) {
    findings.push({
      code: 'tzdata_differs',
      severity: 'notice',
      what: `Schedules were planned with time zone data ${zones.map(({ tzdata }) => tzdata).join(', ')}; this API has ${process.versions.tz}`,
      why: 'Where a country has changed its rules, processes disagree about the next local time',
      evidence: { zones, api: process.versions.tz },
      fix: 'Run all processes with the same Node.js; a worker with newer data plans again when it starts'
    })
  }
  return findings
}
