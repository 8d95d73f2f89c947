import { fromKysely, type PgBoss } from 'pg-boss'
import type { Database } from '#database/connect.ts'
import { dueQueue } from '#queue/boss.ts'
import type { Kinds } from '#tasks/define.ts'
import { enqueueIn } from '#tasks/enqueue.ts'
import { newTask } from '#tasks/submit.ts'
import type { Voice } from '#tasks/voice.ts'

interface Needs {
  boss: PgBoss
  db: Database
  kinds: Kinds
  voice: Voice
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
 * ticket is used up in the transaction that writes the task: one task a tick, whatever dies in between.
 */
export async function fireSchedules({ boss, db, kinds, voice, resultExpires }: Needs) {
  for (const { task, cron } of houseKeeping) {
    await boss.schedule(dueQueue, cron, { task } satisfies Ticket, { key: task, tz: 'UTC', missed: 'once' })
  }

  const work = await boss.work<Ticket>(
    dueQueue,
    { pollingIntervalSeconds: 5, includeMetadata: true },
    async tickets => {
      for (const ticket of tickets) {
        const kind = kinds.get(ticket.data.task)
        if (!kind) throw new Error(`There is no task named "${ticket.data.task}"`)
        const enqueued = await db.query.transaction().execute(async trx => {
          const { affected } = (await boss.complete(dueQueue, ticket, null, { db: fromKysely(trx) })) as {
            affected: number
          }
          return affected === 1 ? enqueueIn(trx, [newTask(kind, {}, { resultExpires })]) : []
        })
        voice.enqueued(enqueued)
      }
    }
  )

  return {
    stop: () => boss.offWork(dueQueue, { id: work, wait: true })
  }
}
