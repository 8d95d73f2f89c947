import type { FastifyRequest } from 'fastify'
import type { Watching } from '#tasks/read/watch.ts'
import { closings } from '#watch/schemas.ts'
import type { Socket } from '#watch/sockets/connection.ts'
import type { Sockets } from '#watch/sockets/sockets.ts'
import type { feed } from './feed.ts'
import { readInterest } from './interest.ts'
import type { LiveMessage } from './outbox.ts'

interface Needs {
  sockets: Sockets
  watching: Watching
}

/** Where a feed goes. */
interface Ends {
  send(message: LiveMessage): void
  lose(): void
}

// Messages that a page may send between two pings: its view changes as a person scrolls.
const views = 300

/** Feeds the page at the other end of a socket with what it says that it shows. */
export function showPage(
  { sockets, watching }: Needs,
  socket: Socket,
  request: FastifyRequest,
  open: (ends: Ends) => ReturnType<typeof feed>
) {
  const page = open({
    send: message => connection.send(Buffer.from(JSON.stringify(message))),
    lose: () => connection.end(closings.missed)
  })
  let stop = () => {}
  const end = () => {
    stop()
    page.close()
  }
  const connection = sockets.adopt(socket, request, end, {
    most: views,
    hear(text) {
      const read = readInterest(text)
      if ('problem' in read) connection.end([closings.unfit[0], clipped(`${closings.unfit[1]}: ${read.problem}`)])
      else page.show(read.interest)
    }
  })
  if (connection.ended) return
  // Also changes that no message of other sockets has, such as those of a priority.
  stop = watching.watchAll({
    wants: id => page.wants(id),
    hear: task => page.hear(task),
    lost: () => connection.end(closings.missed)
  })
}

/** A reason has 123 bytes at most. */
function clipped(reason: string) {
  const bytes = Buffer.from(reason)
  return bytes.length <= 123
    ? reason
    : `${bytes
        .subarray(0, 117)
        .toString()
        .replace(/\uFFFD$/, '')}…`
}
