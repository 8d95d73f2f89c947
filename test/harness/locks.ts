import type { Service } from './service.ts'
import { until } from './until.ts'

/** Waits for `count` backends that wait for a lock in this database; other tests have theirs in the same Postgres. */
export function waitingForLocks({ db }: Pick<Service, 'db'>, what: string, count = 1) {
  const text = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  return until(async () => ((await db.pool.query(text)).rowCount ?? 0) >= count, what)
}
