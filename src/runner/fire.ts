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
 * Runs pg-boss with the schedules of the built-in kinds. pg-boss puts a ticket into a queue of its own each time a
 * schedule is due; here it becomes an ordinary task. The ticket is used up in the transaction that writes the task: one
 * task a tick, whatever dies in between. No task where the one before still waits: its queue may be paused for a day.
 */
export async function fireSchedules({ db, kinds, config, voice, log }: FireSchedulesOptions) {
  const boss = await openBoss({ db, supervise: true, onError: error => log.warn({ err: error }, 'pg-boss') })
  const close = () => boss.stop({ graceful: false, close: false })
  let work: string
  try {
    for (const { name, file, schedules = [] } of kinds.values()) {
      // For now those of TASKS_DIR have none.
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
        log.error({ err: error, kind: ticket.data.task }, 'a scheduled task could not be submitted; trying again')
        throw error
      }
    }
  }

  /** An operator may have removed the queue. Built-in schedules must go on, and it would not be noticed that they do not. */
  async function fireAnyway(ticket: Job<Ticket>) {
    try {
      await fire(ticket)
    } catch (error) {
      if (!goneQueue(error)) throw error
      const { name, queue } = kinds.get(ticket.data.task)!
      log.warn({ kind: name, queue }, 'the queue of a scheduled task was removed; creating it again')
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

/** A delayed one does not count: its time has not come. */
async function isWaiting(trx: InTransaction, { name, queue }: Kind) {
  const { rows } = await sql`
    select from darkroom.tasks
    where state = 'PENDING' and task = ${name} and queue = ${queue} and (eta is null or eta <= now())
    limit 1
  `.execute(trx)
  return rows.length > 0
}
