import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import * as errors from '#errors.ts'
import { type Coded, problemOf } from '#schema/problems.ts'
import { always } from '../doors/browsers/headers.ts'

// Milliseconds.
const lastMoment = 200

/** Answers what Node's parser refuses with a problem, too: Fastify never sees such a request. */
export function answerClientError(error: Error & { code?: string }, socket: Socket) {
  // Part of an answer is already sent.
  const { _httpMessage: answering } = socket as { _httpMessage?: { headersSent: boolean } }
  if (error.code === 'ECONNRESET' || !socket.writable || answering?.headersSent) return socket.destroy()

  endWithProblem(socket, translate(error) as Coded)
}

/** For a request that no reply can answer: written by hand, and the connection ends with it. */
export function endWithProblem(socket: Socket, error: Coded) {
  const problem = problemOf(error)
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    `x-request-id: ${randomUUID()}`,
    ...Object.entries(always).map(([name, value]) => `${name}: ${value}`),
    'connection: close'
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  // A client that still sends would lose the answer to a reset.
  setTimeout(() => socket.destroy(), lastMoment)
}

function translate({ code }: { code?: string }) {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new errors.RequestTimeout()
  if (code === 'HPE_HEADER_OVERFLOW') return new errors.HeadersTooLarge()
  return new errors.InvalidRequest('This is not well-formed HTTP')
}
