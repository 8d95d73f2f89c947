import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RequestTimeout } from '#errors.ts'
import type { Limits } from './limits.ts'

interface Arrival {
  reply: FastifyReply
  isUpload: boolean
  /** Start of the request, or of the upload's present window, and the bytes of its connection at that time. */
  since: number
  bytes: number
}

const upload = /^\s*(?:multipart\/|application\/offset\+octet-stream)/i

/**
 * Ends requests whose bodies are too slow. Node's own limit is for whole requests and would end uploads, so here JSON
 * has a deadline and an upload a minimum rate. One timer checks all of them.
 */
export function endSlowBodies(app: FastifyInstance, { bodyTime, uploadBytes, uploadWindow, interval }: Limits) {
  const arriving = new Map<FastifyRequest, Arrival>()
  const timer = setInterval(look, interval).unref()
  app.addHook('onClose', async () => clearInterval(timer))

  app.addHook('onRequest', (request, reply, done) => {
    const { headers, socket } = request.raw
    if (hasBody(headers)) {
      const isUpload = upload.test(headers['content-type'] ?? '')
      // The socket asks libuv for its count, which costs a small request more than all of the rest here.
      const bytes = isUpload ? socket.bytesRead : 0
      arriving.set(request, { reply, isUpload, since: performance.now(), bytes })
    }
    done()
  })
  // A JSON body is complete by this hook.
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
        giveUp(request, arrival.reply, new RequestTimeout())
      }
    }
  }

  function isLate({ raw }: FastifyRequest, arrival: Arrival, now: number) {
    if (!arrival.isUpload) return now - arrival.since > bodyTime
    if (now - arrival.since < uploadWindow) return false
    const came = raw.socket.bytesRead - arrival.bytes
    arrival.since = now
    arrival.bytes = raw.socket.bytesRead
    // Unread bytes wait for our disk, which is not the client's fault.
    return came < uploadBytes && raw.readableLength === 0
  }
}

function hasBody(headers: NodeJS.Dict<string | string[]>) {
  const length = headers['content-length']
  return length === undefined ? headers['transfer-encoding'] !== undefined : length !== '0'
}

/** Fails the reader of the body as a broken connection would, but keeps the connection for the answer. */
export function giveUp({ raw }: FastifyRequest, reply: FastifyReply, error: Error) {
  if (raw.listenerCount('error') > 0) raw.emit('error', error)
  else reply.send(error)
}
