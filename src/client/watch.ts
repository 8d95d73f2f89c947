import type { TaskMessage } from './bodies.ts'
import { DarkroomError } from './errors.ts'
import { backoff, pause } from './pause.ts'

export interface MessagesOptions {
  /** Opens a WebSocket; undefined where none can be used. */
  open?: () => WebSocket
  /** Reads the status. */
  look: () => Promise<TaskMessage>
  signal?: AbortSignal
}

const unknownId = 4404
// After so many failures in a row the status is polled instead: some proxies let no WebSocket through.
const patience = 3
const betweenLooks = 1

/** The status, and again after each change, up to and including the final one. */
export async function* messagesAbout({
  open,
  look,
  signal
}: MessagesOptions): AsyncGenerator<TaskMessage, void, undefined> {
  let last = ''
  for (let failures = 0; open && failures < patience; ) {
    for await (const { message, code } of receive(open(), signal)) {
      if (code === unknownId) throw new DarkroomError('There is no such task', { code: 'TASK_NOT_FOUND', status: 404 })
      if (!message) {
        failures++
        break
      }
      failures = 0
      // A new connection starts with the current status, which may be known already.
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

/** The messages of a socket one by one, and finally its close code. */
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
