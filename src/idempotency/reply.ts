import type { FastifyReply } from 'fastify'
import type { Database } from '#database/connect.ts'
import { type Answer, type Key, recall } from './once.ts'

/** Sends an answer, for the first time or as a replay. */
export function say(reply: FastifyReply, { status, location, body }: Answer, replayed = false) {
  reply.code(status)
  if (location !== undefined) reply.header('location', location)
  if (replayed) reply.header('idempotency-replayed', 'true')
  return body
}

/**
 * Replays the first answer under a key, before anything of the request is looked at; else `make` writes one, once.
 * `shown` is the body for a client where another one is kept: without a secret, or sealed.
 */
export async function replyOnce<Body>(
  reply: FastifyReply,
  db: Database,
  key: Key | undefined,
  make: () => Promise<{ answer: Answer; replayed: boolean }>,
  shown: (kept: unknown) => unknown = kept => kept
): Promise<Body> {
  const first = await recall(db, key)
  const { answer, replayed } = first ? { answer: first, replayed: true } : await make()
  return say(reply, { ...answer, body: shown(answer.body) }, replayed) as Body
}
