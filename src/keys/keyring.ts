import { timingSafeEqual } from 'node:crypto'
import type { Pool } from 'pg'
import type { Token } from '#access/token.ts'
import { type Holder, holderOf } from './holder.ts'
import { holdsOf } from './holds.ts'
import { countKeys, findToken, type KeyRow } from './queries.ts'
import { useNotes } from './use-notes.ts'

interface Entry {
  hash: Buffer
  holder: Holder
  /** Moments of this process's clock. */
  readAt: number
  endsAt: number
}

export interface KeyringOptions {
  pool: Pool
  /** Without a key everything is open: AUTH=off, or AUTH=auto on loopback as long as there is no key. */
  opensWithoutKeys: 'always' | 'until the first key' | 'never'
}

const mostRemembered = 10_000
// Milliseconds. A changed key is forgotten at its NOTIFY; while none can arrive, its row is read again sooner.
const freshFor = 30_000
const freshWhileDeaf = 5_000
const interval = 5_000
const nothing = Buffer.alloc(32)

/** The keys that this API has seen lately: a known one costs a hash and no query. */
export async function openKeyring({ pool, opensWithoutKeys }: KeyringOptions) {
  const entries = new Map<string, Entry>()
  const asking = new Map<string, Promise<KeyRow | undefined>>()
  const holds = holdsOf(pool)
  const notes = useNotes(pool)
  let isDeaf = false
  let isOpen = opensWithoutKeys === 'always'
  // A row that is read while its change is announced may be the old one.
  let changes = 0
  if (opensWithoutKeys === 'until the first key') isOpen = !(await countKeys(pool)).some
  const timer = setInterval(look, interval).unref()

  function look() {
    void readDoor()
    void holds.lookAtAll()
  }

  async function readDoor() {
    if (opensWithoutKeys !== 'until the first key') return
    const { some } = await countKeys(pool).catch(() => ({ some: !isOpen }))
    if (isOpen && some) holds.endAnonymous()
    isOpen = !some
  }

  function forget(id: string) {
    entries.delete(id)
    for (const [each, { holder }] of entries) if (holder.id === id) entries.delete(each)
  }

  function remember(id: string, entry: Entry) {
    entries.delete(id)
    entries.set(id, entry)
    if (entries.size > mostRemembered) entries.delete(entries.keys().next().value!)
  }

  /** Requests that arrive together share a query. */
  function ask({ kind, id }: Token) {
    const known = asking.get(kind + id)
    if (known) return known
    const asked = findToken(pool, kind, id).finally(() => asking.delete(kind + id))
    asking.set(kind + id, asked)
    return asked
  }

  return {
    isOpen: () => isOpen,

    /** Undefined where the database has to be asked. */
    known({ id, hash }: Token): Holder | undefined {
      const entry = entries.get(id)
      const now = performance.now()
      if (!entry || now - entry.readAt > (isDeaf ? freshWhileDeaf : freshFor) || now > entry.endsAt) return undefined
      if (!timingSafeEqual(entry.hash, hash)) return undefined
      notes.add(entry.holder)
      return entry.holder
    },

    /** `ended` for a key that was one: its client guesses nothing. */
    async find(token: Token): Promise<Holder | 'ended' | undefined> {
      const [readAt, seen] = [performance.now(), changes]
      const key = await ask(token)
      // With a comparison also for an unknown id, the time of the answer does not tell which ids there are.
      const isRight = timingSafeEqual(key?.hash ?? nothing, token.hash)
      if (!key || !isRight) return undefined
      if (!isActive(key)) return 'ended'
      const holder = holderOf(key, token.kind === 's' ? token.id : undefined)
      const endsAt = key.seconds_left === null ? Number.POSITIVE_INFINITY : readAt + key.seconds_left * 1000
      if (seen === changes) remember(token.id, { hash: key.hash, holder, readAt, endsAt })
      notes.add(holder)
      return holder
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
      changes++
      forget(id)
      await Promise.all([readDoor(), holds.look(id)])
    },

    /** What a request has ended: refused from now on; what is open ends after the answer, which may be to that key. */
    end(id: string) {
      changes++
      forget(id)
      setImmediate(() => void holds.look(id))
    },

    /** Messages may be lost from now on, or have been. */
    deafen() {
      isDeaf = true
    },
    hearAgain() {
      isDeaf = false
      changes++
      entries.clear()
      look()
    },

    async close() {
      clearInterval(timer)
      await notes.close()
    }
  }
}

function isActive({ is_revoked, seconds_left }: KeyRow) {
  return !is_revoked && (seconds_left === null || seconds_left > 0)
}

export type Keyring = Awaited<ReturnType<typeof openKeyring>>
