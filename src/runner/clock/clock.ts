import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import type { Database } from '#database/connect.ts'
import { openBoss } from '#queue/boss.ts'
import { declareSchedules } from '#schedules/declared/declare.ts'
import { openClock } from '#schedules/firing/clock.ts'
import type { Kinds } from '#tasks/define.ts'
import type { Voice } from '#tasks/voice.ts'
import { superviseQueues } from './supervisor.ts'

interface StartClockOptions {
  db: Database
  kinds: Kinds
  config: Config
  voice: Voice
  log: Logger
}

/** A worker's part in the schedules: puts in those of its modules, fires what is due, and has pg-boss supervised. */
export async function startClock({ db, kinds, config, voice, log }: StartClockOptions) {
  await using opened = new AsyncDisposableStack()
  const boss = await openBoss({ db, onError: error => log.warn({ err: error }, 'pg-boss failed') })
  opened.defer(() => boss.stop({ graceful: false, close: false }))
  const defaults = { resultExpires: config.RESULT_EXPIRES }
  await declareSchedules({ db, kinds, defaults, scheduleDefaults: { timezone: config.TIMEZONE }, log })
  const clock = openClock({ db, boss, kinds, defaults, voice, log })
  opened.defer(clock.stop)
  const supervisor = superviseQueues({ url: db.url, log })
  opened.defer(supervisor.stop)
  await clock.start()

  const parts = opened.move()
  return {
    /** A schedule was changed, here or elsewhere. */
    lookNow: clock.lookNow,
    stop: clock.stop,
    close: () => parts.disposeAsync()
  }
}

export type Clock = Awaited<ReturnType<typeof startClock>>
