import { PgBoss } from 'pg-boss'
import type { Test } from 'tap'
import type { Service } from './service.ts'

/** pg-boss as a foreign program opens it on the same database: only to query and to insert. */
export async function openPgBoss(t: Test, { url }: Pick<Service, 'url'>): Promise<PgBoss> {
  const boss = new PgBoss({ connectionString: url, max: 2, migrate: false, supervise: false, schedule: false })
  boss.on('error', () => {})
  await boss.start()
  t.teardown(() => boss.stop({ graceful: false }))
  return boss
}
