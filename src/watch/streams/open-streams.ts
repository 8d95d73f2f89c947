import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'

export interface StreamLimits {
  /** Quiet milliseconds after which a comment is sent, so that no proxy closes the connection as idle. */
  quiet: number
  /** A client that reads nothing for so many milliseconds while events wait for it is disconnected. */
  patience: number
}

export const streamLimits: StreamLimits = { quiet: 15_000, patience: 30_000 }

/** Sent while there is nothing to say. */
export const comment = ':\n\n'

export type Story = AsyncGenerator<string, void, undefined>

// Milliseconds that a browser waits before it reconnects.
const comeBack = 2_000
// Milliseconds that clients have after a stop to read what is written.
const farewell = 1_000

/** Server-Sent Events. A stream ends with its story, its client, or the API. */
export function openStreams(app: Pick<FastifyInstance, 'addHook'>, { patience }: Pick<StreamLimits, 'patience'>) {
  const open = new Set<() => void>()
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
    for (const stop of open) stop()
  })

  /** The signal of a story aborts when its client or the API goes. */
  return function send(reply: FastifyReply, tell: (signal: AbortSignal) => Story) {
    reply.headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' })
    if (reply.request.method === 'HEAD') return reply.send('')

    const gone = new AbortController()
    const { raw } = reply
    const cut = () => raw.destroy()
    const stop = () => {
      gone.abort()
      setTimeout(cut, farewell).unref()
    }
    open.add(stop)
    raw.once('close', () => {
      open.delete(stop)
      gone.abort()
    })
    if (closing) stop()
    const release = reply.request.untilRevoked(stop)
    raw.once('close', release)
    return reply.send(Readable.from(served(tell(gone.signal), patience, cut), { objectMode: false }))
  }
}

/** At the client's reading speed: a story goes on when its last text has left. */
async function* served(story: Story, patience: number, cut: () => void): Story {
  // At once, since the client waits for the head of the answer, too.
  yield `retry: ${comeBack}\n\n`
  for await (const text of story) {
    const timer = setTimeout(cut, patience)
    try {
      yield text
    } finally {
      clearTimeout(timer)
    }
  }
}
