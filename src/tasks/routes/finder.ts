import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { maySee, type Principal } from '#access/principal.ts'
import type { Database } from '#database/connect.ts'
import { TaskNotFound, Unauthorized } from '#errors.ts'
import { isUuid } from '#schema/common.ts'
import { ownerOf } from '#tasks/read/present.ts'
import { taskReader } from '#tasks/read/reader.ts'
import { waitUntilFinished } from '#tasks/read/wait.ts'
import type { Watching } from '#tasks/read/watch.ts'
import type { TaskBody } from '#tasks/schemas.ts'

/** The waiting request; its wait ends when its client hangs up. */
interface Request {
  raw: IncomingMessage
  signal: AbortSignal
  principal: Principal
  untilRevoked(end: () => void): () => void
}

/** Finds tasks for routes, or throws TaskNotFound. `closing` ends every wait with the task's present state. */
export function taskFinder({ db, watching, closing }: { db: Database; watching: Watching; closing: AbortSignal }) {
  const read = taskReader(db)

  /** Another key's task does not exist for one that sees only its own. */
  async function task(id: string, principal: Principal): Promise<TaskBody> {
    const found = await read(id)
    if (!found || !maySee(principal, ownerOf(found))) throw new TaskNotFound(id)
    return found
  }

  return {
    task,

    /** Resolves when the task is finished, after `seconds` at the latest. */
    async whenFinished(id: string, seconds: number, request: Request): Promise<TaskBody> {
      const { raw, signal, principal } = request
      if (seconds === 0 || !isUuid(id)) return task(id, principal)
      if (principal.ownOnly) await task(id, principal)
      const revoked = new AbortController()
      const release = request.untilRevoked(() => revoked.abort())
      const stop = AbortSignal.any([closing, signal, revoked.signal])
      const found = await withoutTimeout(raw, () => waitUntilFinished(watching, id, seconds, stop)).finally(release)
      if (revoked.signal.aborted) throw new Unauthorized()
      return found ?? task(id, principal)
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
