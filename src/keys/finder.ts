import { timingSafeEqual } from 'node:crypto'
import type { Pool } from 'pg'
import type { Token } from '#access/token.ts'
import { type Holder, holderOf } from './holder.ts'
import { findToken, type KeyRow } from './queries.ts'
import { remembered } from './remembered.ts'
import type { UseNotes } from './use-notes.ts'

const nothing = Buffer.alloc(32)

/** Finds who has a token: among those that were seen lately, else in the database. */
export function keyFinder(pool: Pool, notes: UseNotes) {
  const seen = remembered()
  const ask = askTogether(pool)
  // A row that is read while its change is announced may be the old one.
  let changes = 0

  function use(holder: Holder | undefined, now: number) {
    if (holder) notes.add(holder, now)
    return holder
  }

  return {
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

    forget(id: string) {
      changes++
      seen.forget(id)
    },

    deafen(isDeaf: boolean) {
      changes++
      seen.deafen(isDeaf)
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
