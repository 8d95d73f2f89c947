import type { Principal } from '#access/principal.ts'
import type { Database } from '#database/connect.ts'
import type { Answer, Key } from '#idempotency/once.ts'
import { type Enqueued, enqueue, enqueueIn } from '#tasks/submit/enqueue.ts'
import type { NewTask } from '#tasks/submit/new-task.ts'
import { enqueueOnce } from '#tasks/submit/once.ts'
import { mustHaveRoom } from '#tasks/submit/room.ts'
import type { Submit } from '#tasks/submit/submitter.ts'
import type { Voice } from '#tasks/voice.ts'

export interface WriteNeeds {
  db: Database
  submit: Submit
  voice: Voice
}

interface Request {
  key: Key | undefined
  principal: Principal
}

/** Writes the tasks of a request, and with a key its answer in the same transaction. */
export async function writeTasks(
  needs: WriteNeeds,
  { key, principal }: Request,
  tasks: NewTask[],
  answerTo: (enqueued: Enqueued[]) => Answer
): Promise<{ answer: Answer; replayed: boolean }> {
  if (!key) return { answer: answerTo(await writeUnkeyed(needs, principal, tasks)), replayed: false }
  return enqueueOnce(needs, key, async trx => {
    await mustHaveRoom(trx, principal, tasks.length)
    const enqueued = await enqueueIn(trx, tasks)
    return { enqueued, answer: answerTo(enqueued) }
  })
}

async function writeUnkeyed({ db, submit, voice }: WriteNeeds, principal: Principal, tasks: NewTask[]) {
  const isLimited = principal.limits?.max_pending !== undefined
  // With others that arrive meanwhile. A key's open tasks are counted in a transaction of its own.
  if (tasks.length === 1 && !isLimited) return [await submit(tasks[0]!)]
  const enqueued = isLimited
    ? await db.query.transaction().execute(async trx => {
        await mustHaveRoom(trx, principal, tasks.length)
        return enqueueIn(trx, tasks)
      })
    : await enqueue(db.pool, tasks)
  voice.enqueued(enqueued)
  return enqueued
}
