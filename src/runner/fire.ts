import { sql } from 'kysely'
import { fromKysely, type Job, type PgBoss } from 'pg-boss'
import type { Logger } from 'pino'
import type { Database, InTransaction } from '#database/connect.ts'
import { createQueues, dueQueue } from '#queue/boss.ts'
import { goneQueue } from '#queue/gone.ts'
import type { Kind, Kinds } from '#tasks/define.ts'
import { enqueueIn } from '#tasks/submit/enqueue.ts'
import { newTask } from '#tasks/submit/prepare.ts'
import type { Voice } from '#tasks/voice.ts'

interface Needs {
  boss: PgBoss
  db: Database
  kinds: Kinds
  voice: Voice
  log: Logger
  resultExpires: number
}

interface Ticket {
  task: string
}

/** What Darkroom does by itself, by the clock. Minutes that nobody else chooses, so that they do not all come at once. */
const houseKeeping = [
  { task: 'sweep', cron: '23 * * * *' },
  { task: 'expire_results', cron: '* * * * *' }
]

/**
 * pg-boss puts a ticket into a queue of its own each time a schedule is due; here it becomes an ordinary task. The
 * ticket is used up in the transaction that writes the task: one task a tick, whatever dies in between. No task where
 * the one before still waits: its queue may be paused for a day.
 */
export async function fireSchedules({ boss, db, kinds, voice, log, resultExpires }: Needs) {
  for (const { task, cron } of houseKeeping) {
    await boss.schedule(dueQueue, cron, { task } satisfies Ticket, { key: task, tz: 'UTC', missed: 'once' })
  }

  async function fire(ticket: Job<Ticket>) {
    const kind = kinds.get(ticket.data.task)
    if (!kind) throw new Error(`There is no task named "${ticket.data.task}"`)
    const enqueued = await db.query.transaction().execute(async trx => {
      const { affected } = (await boss.complete(dueQueue, ticket, null, { db: fromKysely(trx) })) as {
        affected: number
      }
      if (affected === 0 || (await waits(trx, kind))) return []
      return enqueueIn(trx, [newTask(kind, {}, { resultExpires })])
    })
    voice.enqueued(enqueued)
  }

  /** Somebody may have removed the queue. What keeps the house is not to end with it, and nobody would notice. */
  async function fireAnyway(ticket: Job<Ticket>) {
    try {
      await fire(ticket)
    } catch (error) {
      if (!goneQueue(error)) throw error
      const { name, queue } = kinds.get(ticket.data.task)!
      log.warn({ task: name, queue }, 'the queue of what is due was removed; it is made anew')
      await createQueues(boss, [queue])
      await fire(ticket)
    }
  }

  const work = await boss.work<Ticket>(
    dueQueue,
    { pollingIntervalSeconds: 5, includeMetadata: true },
    async tickets => {
      for (const ticket of tickets) {
        try {
          await fireAnyway(ticket)
        } catch (error) {
          log.error({ err: error, task: ticket.data.task }, 'what was due by its schedule was not begun')
          throw error
        }
      }
    }
  )

  return {
    stop: () => boss.offWork(dueQueue, { id: work, wait: true })
  }
}

/** One that somebody has put off does not wait: its time has not come. */
async function waits(trx: InTransaction, { name, queue }: Kind) {
  const { rows } = await sql`
    select from darkroom.tasks
    where state = 'PENDING' and task = ${name} and queue = ${queue} and (eta is null or eta <= now())
    limit 1
  `.execute(trx)
  return rows.length > 0
}
