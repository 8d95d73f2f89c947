import type { Static } from 'typebox'
import type { StatusAnswer } from '#tasks/schemas.ts'
import { DarkroomError } from './errors.ts'
import { backoff, pause } from './pause.ts'

export type TaskMessage = Static<typeof StatusAnswer>

export interface WatchNeeds {
  /** Opens a WebSocket; undefined where there is none, or none that would do. */
  open?: () => WebSocket
  /** What the task is now. */
  look: () => Promise<TaskMessage>
  signal?: AbortSignal
}

const unknownId = 4404
// A WebSocket that cannot be had so often in a row is not to be had here: some proxies let none through.
const patience = 3
const betweenLooks = 1

/** What the task is, and again after each change, up to and with the final one. */
export async function* messagesAbout({ open, look, signal }: WatchNeeds): AsyncGenerator<TaskMessage, void, undefined> {
  let last = ''
  for (let failures = 0; open && failures < patience; ) {
    for await (const { message, code } of receive(open(), signal)) {
      if (code === unknownId) throw new DarkroomError('There is no such task', { code: 'TASK_NOT_FOUND', status: 404 })
      if (!message) {
        failures++
        break
      }
      failures = 0
      // Whoever comes back is told again what he knows.
      if (isNew(message)) yield message
      if (isFinal(message)) return
    }
    await pause(backoff(failures), signal)
  }

  for (;;) {
    const message = await look()
    if (isNew(message)) yield message
    if (isFinal(message)) return
    await pause(betweenLooks, signal)
  }

  function isNew(message: TaskMessage) {
    const before = last
    last = JSON.stringify(message)
    return last !== before
  }
}

export function isFinal({ state }: Pick<TaskMessage, 'state'>) {
  return state === 'SUCCESS' || state === 'FAILURE' || state === 'REVOKED'
}

/** The messages of a socket one by one, and at last the code with which it was closed. */
async function* receive(
  socket: WebSocket,
  signal?: AbortSignal
): AsyncGenerator<{ message?: TaskMessage; code?: number }, void, undefined> {
  const arrived: { message?: TaskMessage; code?: number }[] = []
  let wake = () => {}
  socket.onmessage = ({ data }) => {
    arrived.push({ message: JSON.parse(String(data)) })
    wake()
  }
  socket.onclose = ({ code }) => {
    arrived.push({ code })
    wake()
  }
  const stop = () => wake()
  signal?.addEventListener('abort', stop)
  try {
    for (;;) {
      signal?.throwIfAborted()
      const next = arrived.shift()
      if (!next) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
        continue
      }
      yield next
      if (next.code !== undefined) return
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    socket.close()
  }
}
