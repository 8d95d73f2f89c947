import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { sql } from 'kysely'
import type { Service } from './service.ts'

/** Everything that an upload may leave, wherever it is. */
export async function leftovers({ db, dataDir }: Pick<Service, 'db' | 'dataDir'>) {
  const count = async (what: string) =>
    (await sql<{ count: number }>`select count(*)::int as count from ${sql.raw(what)}`.execute(db.query)).rows[0]!.count
  return {
    half_uploads: await readdir(path.join(dataDir, 'incoming')),
    parts: await readdir(path.join(dataDir, 'uploads')),
    folders: await readdir(path.join(dataDir, 'videos')).catch(() => []),
    uploads: await count('darkroom.uploads'),
    videos: await count('darkroom.videos'),
    renditions: await count('darkroom.renditions'),
    tasks: await count('darkroom.tasks'),
    jobs: await count(`pgboss.job where name in ('media', 'default')`)
  }
}

export const nothing = {
  half_uploads: [],
  parts: [],
  folders: [],
  uploads: 0,
  videos: 0,
  renditions: 0,
  tasks: 0,
  jobs: 0
}
