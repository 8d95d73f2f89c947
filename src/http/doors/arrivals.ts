import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RequestTimeout } from '#errors.ts'
import type { Limits } from './limits.ts'

interface Arrival {
  reply: FastifyReply
  isUpload: boolean
  /** When the request, or the present window of its upload, began, and what had come over its connection by then. */
  since: number
  bytes: number
}

const upload = /^\s*(?:multipart\/|application\/offset\+octet-stream)/i

/**
 * Ends requests whose bodies come too slowly. Node's own limit is for whole requests and would end uploads: JSON has a
 * time in which it must be there, an upload a rate below which it must not fall. One timer looks after all of them.
 */
export function endSlowBodies(app: FastifyInstance, { bodyTime, uploadBytes, uploadWindow, interval }: Limits) {
  const arriving = new Map<FastifyRequest, Arrival>()
  const timer = setInterval(look, interval).unref()
  app.addHook('onClose', async () => clearInterval(timer))

  app.addHook('onRequest', (request, reply, done) => {
    const { headers, socket } = request.raw
    if (hasBody(headers)) {
      const isUpload = upload.test(headers['content-type'] ?? '')
      arriving.set(request, { reply, isUpload, since: performance.now(), bytes: socket.bytesRead })
    }
    done()
  })
  // By then a JSON body is there.
  app.addHook('preHandler', (request, _reply, done) => {
    if (request.raw.complete) arriving.delete(request)
    done()
  })

  function look() {
    const now = performance.now()
    for (const [request, arrival] of arriving) {
      const { raw } = request
      if (raw.complete || raw.destroyed || arrival.reply.sent) arriving.delete(request)
      else if (isLate(request, arrival, now)) {
        arriving.delete(request)
        giveUp(request, arrival.reply)
      }
    }
  }

  function isLate({ raw }: FastifyRequest, arrival: Arrival, now: number) {
    if (!arrival.isUpload) return now - arrival.since > bodyTime
    if (now - arrival.since < uploadWindow) return false
    const came = raw.socket.bytesRead - arrival.bytes
    arrival.since = now
    arrival.bytes = raw.socket.bytesRead
    // What waits to be read waits for our disk, and the client can do nothing about that.
    return came < uploadBytes && raw.readableLength === 0
  }
}

function hasBody(headers: NodeJS.Dict<string | string[]>) {
  const length = headers['content-length']
  return length === undefined ? headers['transfer-encoding'] !== undefined : length !== '0'
}

/** What reads the body hears of it as it hears of a connection that breaks, and the answer still has its connection. */
function giveUp({ raw }: FastifyRequest, reply: FastifyReply) {
  const error = new RequestTimeout()
  if (raw.listenerCount('error') > 0) raw.emit('error', error)
  else reply.send(error)
}
