import type { Pool } from 'pg'
import { gather } from './batching.ts'

// Postgres refuses payloads of 8,000 bytes and more.
const longestPayload = 7_900

/**
 * Sends a message on a channel soon, but never inside the transaction that it reports: a NOTIFY holds a database-wide
 * lock through its commit, which costs 60 % of concurrent throughput. One statement runs at a time; messages in between
 * share the next one. A message that cannot be sent is dropped: it is only a hint, and listeners also poll.
 */
export function announcer(pool: Pool, channel: string) {
  let waiting = new Set<string>()
  let said = 0
  let sending: Promise<void> | undefined

  async function send() {
    while (waiting.size > 0) {
      const words = waiting
      const times = said
      waiting = new Set()
      said = 0
      try {
        await pool.query({
          name: 'announce',
          text: 'select pg_notify($1, payload) from unnest($2::text[]) payload',
          values: [channel, payloads(words)]
        })
      } catch {
        return
      }
      // Every message costs each listening process CPU.
      await gather(times)
    }
  }

  return {
    say(...words: string[]) {
      for (const word of words) waiting.add(word)
      said += words.length
      sending ??= send().finally(() => {
        sending = undefined
      })
    },
    /** Resolves when all messages so far are sent. */
    async flush() {
      await sending
    }
  }
}

export type Announcer = ReturnType<typeof announcer>

/** Joins words by commas, in as few payloads as possible. */
function payloads(words: Set<string>) {
  const list: string[] = []
  let payload = ''
  for (const word of words) {
    if (payload.length + word.length >= longestPayload) {
      list.push(payload)
      payload = ''
    }
    payload += payload === '' ? word : `,${word}`
  }
  return [...list, payload]
}
