import { timingSafeEqual } from 'node:crypto'
import type { Pool } from 'pg'
import type { Token } from '#access/token.ts'
import { type Holder, holderOf } from './holder.ts'
import { holdsOf } from './holds.ts'
import { type OpensWithoutKeys, opennessOf } from './openness.ts'
import { countApis, findToken, type KeyRow } from './queries.ts'
import { remembered } from './remembered.ts'
import { useNotes } from './use-notes.ts'

export interface KeyringOptions {
  pool: Pool
  opensWithoutKeys: OpensWithoutKeys
}

// Milliseconds
const interval = 5_000
const nothing = Buffer.alloc(32)

/** The keys of this API: a known one costs a look into a map and no query. */
export async function openKeyring({ pool, opensWithoutKeys }: KeyringOptions) {
  const seen = remembered()
  const holds = holdsOf(pool)
  const notes = useNotes(pool)
  const openness = await opennessOf(pool, opensWithoutKeys, holds.endAnonymous)
  const ask = askTogether(pool)
  // A row that is read while its change is announced may be the old one.
  let changes = 0
  let apis = 1
  const timer = setInterval(look, interval).unref()
  void countApisAgain()

  function look() {
    void openness.look()
    void holds.lookAtAll()
    void countApisAgain()
  }

  async function countApisAgain() {
    // Without an answer the last number stands.
    apis = await countApis(pool).catch(() => apis)
  }

  function changed(id: string) {
    changes++
    seen.forget(id)
  }

  function use(holder: Holder | undefined, now: number) {
    if (holder) notes.add(holder, now)
    return holder
  }

  return {
    isOpen: openness.isOpen,
    /** Processes that answer requests now: each lets a key have its share of the key's rate. */
    apis: () => apis,

    /** By the text of its `Authorization` header. Undefined where the header has to be read. */
    ofHeader: (text: string, now: number) => use(seen.ofHeader(text, now), now),
    /** Undefined where the database has to be asked. */
    known: (token: Token, now = performance.now()) => use(seen.ofToken(token, now), now),

    /** `ended` for a key that was one: its client guesses nothing. */
    async find(token: Token): Promise<Holder | 'ended' | undefined> {
      const [readAt, before] = [performance.now(), changes]
      const key = await ask(token)
      // With a comparison also for an unknown id, the time of the answer does not tell which ids there are.
      const isRight = timingSafeEqual(key?.hash ?? nothing, token.hash)
      if (!key || !isRight) return undefined
      if (!isActive(key)) return 'ended'
      const holder = holderOf(key, token.kind === 's' ? token.id : undefined)
      const endsAt = key.seconds_left === null ? Number.POSITIVE_INFINITY : readAt + key.seconds_left * 1000
      if (before === changes) seen.add({ token, holder, readAt, endsAt })
      return use(holder, readAt)
    },

    /** A key by its id alone: for what was minted from it. */
    async findById(id: string): Promise<Holder | undefined> {
      const key = await findToken(pool, 'k', id)
      return key && isActive(key) ? holderOf(key, undefined) : undefined
    },

    /** Calls `end` once the key or session is revoked or expires; returns a function that stops that. */
    hold: holds.add,

    /** Takes a message of the channel of keys, or what this API itself has changed. */
    async hear(id: string) {
      changed(id)
      await Promise.all([openness.look(), holds.look(id)])
    },

    /** What a request has ended: refused from now on; what is open ends after the answer, which may be to that key. */
    end(id: string) {
      changed(id)
      setImmediate(() => void holds.look(id))
    },

    /** Messages may be lost from now on, or have been. */
    deafen: () => seen.deafen(true),
    hearAgain() {
      changes++
      seen.deafen(false)
      look()
    },

    async close() {
      clearInterval(timer)
      await notes.close()
    }
  }
}

/** Requests that arrive together share a query. */
function askTogether(pool: Pool) {
  const asking = new Map<string, Promise<KeyRow | undefined>>()

  return ({ kind, id }: Token) => {
    const known = asking.get(kind + id)
    if (known) return known
    const asked = findToken(pool, kind, id).finally(() => asking.delete(kind + id))
    asking.set(kind + id, asked)
    return asked
  }
}

function isActive({ is_revoked, seconds_left }: KeyRow) {
  return !is_revoked && (seconds_left === null || seconds_left > 0)
}

export type Keyring = Awaited<ReturnType<typeof openKeyring>>
