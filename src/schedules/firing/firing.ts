import type { PgBoss } from 'pg-boss'
import type { Logger } from 'pino'
import type { Database } from '#database/connect.ts'
import { isOutage } from '#database/outage.ts'
import { createQueues } from '#queue/boss.ts'
import type { Kinds } from '#tasks/define.ts'
import { busyVideo } from '#tasks/submit/one-open.ts'
import type { SubmitDefaults } from '#tasks/submit/prepare.ts'
import type { Voice } from '#tasks/voice.ts'
import { InvalidCron } from '../calendar/cron-field.ts'
import { UnknownZone } from '../calendar/zone.ts'
import { type Fired, fireDue, skipBusy } from './fire.ts'
import { replanOneSql } from './plan.ts'

export interface FiringOptions {
  db: Database
  boss: PgBoss
  kinds: Kinds
  defaults: SubmitDefaults
  voice: Voice
  log: Logger
}

const batch = 200
// Milliseconds. A schedule that cannot be fired is tried again after so long.
const rest = 5_000

export const findDueSql = `
select id, name from darkroom.schedules where next_run_at <= now() and id <> all($1::uuid[])
order by next_run_at limit $2`

/** Fires what is due, many schedules together; where one of them is at fault, each by itself. */
export function firing({ db, boss, kinds, defaults, voice, log }: FiringOptions) {
  const needs = { boss, kinds, defaults }
  const resting = restingSchedules()

  async function fireSome() {
    try {
      return await fireBatch(batch)
    } catch (error) {
      if (isOutage(error)) throw error
      log.debug({ err: error }, 'due schedules could not be fired together; firing them one by one')
      return fireOneByOne()
    }
  }

  /** The fault is in one of them: a film with an open task, or arguments that Postgres refuses. */
  async function fireOneByOne(): Promise<Pick<Fired, 'alarms' | 'schedules' | 'missing'>> {
    const { rows: due } = await db.pool.query<{ id: string; name: string }>(findDueSql, [resting.ids(), batch])
    for (const { id, name } of due) await fireOne(id, name)
    return { alarms: 0, schedules: due.length, missing: [] }
  }

  async function fireOne(id: string, name: string) {
    try {
      await fireBatch(1, id)
    } catch (error) {
      if (busyVideo(error)) return db.query.transaction().execute(trx => skipBusy(needs, trx, id))
      if (isOutage(error)) throw error
      // Planned again it is disabled, with the reason.
      if (error instanceof InvalidCron || error instanceof UnknownZone)
        return void (await db.pool.query(replanOneSql, [id]))
      log.error({ err: error, schedule: name }, 'a schedule could not be fired; trying again in 5 s')
      resting.add(id)
    }
  }

  async function fireBatch(limit: number, only?: string) {
    const fired = await db.query
      .transaction()
      .execute(trx => fireDue(needs, trx, { limit, except: resting.ids(), only }))
    if (fired.enqueued.length > 0) voice.enqueued(fired.enqueued)
    if (fired.missing.length > 0) await createAgain({ boss, log }, fired.missing)
    return fired
  }

  return {
    /** Until nothing is due; answers how many alarms and schedules there were. */
    async fireAll() {
      let count = 0
      for (;;) {
        const { alarms, schedules, missing } = await fireSome()
        count += alarms + schedules
        if (alarms < batch && schedules < batch && missing.length === 0) return count
      }
    },
    /** Ids of schedules that are left for later. */
    resting: resting.stillResting
  }
}

/** Schedules that could not be fired, and when to try again. */
function restingSchedules() {
  const untilById = new Map<string, number>()
  return {
    ids: () => [...untilById.keys()],
    add(id: string) {
      untilById.set(id, performance.now() + rest)
    },
    stillResting() {
      for (const [id, until] of untilById) if (until < performance.now()) untilById.delete(id)
      return [...untilById.keys()]
    }
  }
}

/** House-keeping goes on: its absence would not be noticed. */
async function createAgain({ boss, log }: Pick<FiringOptions, 'boss' | 'log'>, queues: string[]) {
  log.warn({ queues }, 'the queue of a system schedule was removed; creating it again')
  await createQueues(boss, queues)
}
