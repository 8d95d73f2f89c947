import { sql } from 'kysely'
import { fromKysely, type Job } from 'pg-boss'
import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import type { Database, InTransaction } from '#database/connect.ts'
import { createQueues, dueQueue, openBoss } from '#queue/boss.ts'
import { goneQueue } from '#queue/gone.ts'
import type { Kind, Kinds } from '#tasks/define.ts'
import { enqueueIn } from '#tasks/submit/enqueue.ts'
import { newTask } from '#tasks/submit/prepare.ts'
import type { Voice } from '#tasks/voice.ts'

interface FireSchedulesOptions {
  db: Database
  kinds: Kinds
  config: Config
  voice: Voice
  log: Logger
}

interface Ticket {
  task: string
}

/**
 * Runs pg-boss with the schedules of the built-in kinds. pg-boss puts a ticket into an internal queue each time a
 * schedule is due, and the worker turns it into an ordinary task. Ticket and task change in one transaction: one task a
 * tick, whichever process dies in between. No task where the previous one still waits: its queue may be paused for a
 * day.
 */
export async function fireSchedules({ db, kinds, config, voice, log }: FireSchedulesOptions) {
  const boss = await openBoss({ db, supervise: true, onError: error => log.warn({ err: error }, 'pg-boss failed') })
  const close = () => boss.stop({ graceful: false, close: false })
  let work: string
  try {
    for (const { name, file, schedules = [] } of kinds.values()) {
      // TASKS_DIR kinds have no schedules for now.
      if (file !== undefined) continue
      for (const { name: key = name, cron } of schedules) {
        await boss.schedule(dueQueue, cron, { task: name } satisfies Ticket, { key, tz: 'UTC', missed: 'once' })
      }
    }
    work = await boss.work<Ticket>(dueQueue, { pollingIntervalSeconds: 5, includeMetadata: true }, fireAll)
  } catch (error) {
    await close()
    throw error
  }

  async function fireAll(tickets: Job<Ticket>[]) {
    for (const ticket of tickets) {
      try {
        await fireAnyway(ticket)
      } catch (error) {
        log.error({ err: error, kind: ticket.data.task }, 'a scheduled task could not be submitted; retrying')
        throw error
      }
    }
  }

  /** An operator may have removed the queue. Built-in schedules must go on: a missing one would not be noticed. */
  async function fireAnyway(ticket: Job<Ticket>) {
    try {
      await fire(ticket)
    } catch (error) {
      if (!goneQueue(error)) throw error
      const { name, queue } = kinds.get(ticket.data.task)!
      log.warn({ kind: name, queue }, 'the queue of a scheduled task was removed; recreating it')
      await createQueues(boss, [queue])
      await fire(ticket)
    }
  }

  async function fire(ticket: Job<Ticket>) {
    const kind = kinds.get(ticket.data.task)
    if (!kind) throw new Error(`There is no task named "${ticket.data.task}"`)
    const enqueued = await db.query.transaction().execute(async trx => {
      const { affected } = (await boss.complete(dueQueue, ticket, null, { db: fromKysely(trx) })) as {
        affected: number
      }
      if (affected === 0 || (await isWaiting(trx, kind))) return []
      return enqueueIn(trx, [newTask(kind, {}, { resultExpires: config.RESULT_EXPIRES })])
    })
    voice.enqueued(enqueued)
  }

  return {
    stop: () => boss.offWork(dueQueue, { id: work, wait: true }),
    close
  }
}

/** A delayed task does not count: it is not due yet. */
async function isWaiting(trx: InTransaction, { name, queue }: Kind) {
  const { rows } = await sql`
    select from darkroom.tasks
    where state = 'PENDING' and task = ${name} and queue = ${queue} and (eta is null or eta <= now())
    limit 1
  `.execute(trx)
  return rows.length > 0
}
