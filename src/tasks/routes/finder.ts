import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Database } from '#database/connect.ts'
import { TaskNotFound } from '#errors.ts'
import { isUuid } from '#schema/common.ts'
import { taskReader } from '#tasks/read/reader.ts'
import { waitUntilFinished } from '#tasks/read/wait.ts'
import type { Watching } from '#tasks/read/watch.ts'
import type { TaskBody } from '#tasks/schemas.ts'

/** The waiting request; its wait ends when its client hangs up. */
interface Request {
  raw: IncomingMessage
  signal: AbortSignal
}

/** Finds tasks for routes, or throws TaskNotFound. `closing` ends every wait with the task's present state. */
export function taskFinder({ db, watching, closing }: { db: Database; watching: Watching; closing: AbortSignal }) {
  const read = taskReader(db)

  async function task(id: string): Promise<TaskBody> {
    const found = await read(id)
    if (!found) throw new TaskNotFound(id)
    return found
  }

  return {
    task,

    /** Resolves when the task is finished, after `seconds` at the latest. */
    async whenFinished(id: string, seconds: number, { raw, signal }: Request): Promise<TaskBody> {
      if (seconds === 0 || !isUuid(id)) return task(id)
      const stop = AbortSignal.any([closing, signal])
      const found = await withoutTimeout(raw, () => waitUntilFinished(watching, id, seconds, stop))
      return found ?? task(id)
    }
  }
}

export type TaskFinder = ReturnType<typeof taskFinder>

/** Suspends the socket's idle timeout while its request waits for an answer. */
async function withoutTimeout<T>({ socket }: IncomingMessage, wait: () => Promise<T>): Promise<T> {
  // An injected request has no real socket.
  if (!(socket instanceof Socket)) return wait()
  const { timeout } = socket
  socket.setTimeout(0)
  try {
    return await wait()
  } finally {
    if (timeout) socket.setTimeout(timeout)
  }
}
