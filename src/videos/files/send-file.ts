import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { PlaybackExpired, PreconditionFailed, RangeNotSatisfiable } from '#errors.ts'
import { type Outcome, outcomeOf } from './conditions.ts'

/** What an URL names. */
export interface Served {
  etag: string
  bytes: number
  changed: Date
  headers: Record<string, string>
  open(range: { start: number; end: number }): Promise<Readable>
}

/** Answers with a file, or the part of it that the request asks for; with `partOnly` the whole file is refused. */
export async function sendFile(request: FastifyRequest, reply: FastifyReply, file: Served, { partOnly = false } = {}) {
  const { etag, bytes, changed } = file
  const outcome = partOf(request, reply, file)
  if (partOnly && outcome.status === 200) throw new PlaybackExpired()
  // Opened before the headers are set: the answer to a failure would have them too.
  const isRead = 'start' in outcome && request.raw.method !== 'HEAD'
  const content = isRead ? await file.open(outcome) : Readable.from('')
  reply
    .code(outcome.status)
    .headers({ etag, 'last-modified': changed.toUTCString(), 'accept-ranges': 'bytes' })
    .headers({ 'x-content-type-options': 'nosniff', ...file.headers })
  if (outcome.status === 304) return reply.removeHeader('content-type').send(content)

  const { start, end } = outcome
  reply.header('content-length', end - start + 1)
  if (outcome.status === 206) reply.header('content-range', `bytes ${start}-${end}/${bytes}`)
  return reply.send(content)
}

function partOf({ headers }: FastifyRequest, reply: FastifyReply, file: Served) {
  const outcome: Outcome = outcomeOf(headers, file)
  if (outcome.status === 412) throw new PreconditionFailed()
  if (outcome.status === 416) {
    reply.header('content-range', `bytes */${file.bytes}`)
    throw new RangeNotSatisfiable()
  }
  return outcome
}
