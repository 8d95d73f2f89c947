import type { FastifyReply } from 'fastify'
import type { Answer } from './once.ts'

/** Sends an answer, for the first time or as a replay. */
export function say(reply: FastifyReply, { status, location, body }: Answer, replayed = false) {
  reply.code(status)
  if (location !== undefined) reply.header('location', location)
  if (replayed) reply.header('idempotency-replayed', 'true')
  return body
}
