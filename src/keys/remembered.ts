import { timingSafeEqual } from 'node:crypto'
import type { Token } from '#access/token.ts'
import type { Holder } from './holder.ts'

interface Entry {
  token: Token
  holder: Holder
  /** Moments of this process's clock. */
  readAt: number
  endsAt: number
}

const most = 10_000
// Milliseconds. A changed key is forgotten at its NOTIFY; while none can arrive, its row is read again sooner.
const freshFor = 30_000
const freshWhileDeaf = 5_000

/** Keys and sessions that this API has read lately. */
export function remembered() {
  const byId = new Map<string, Entry>()
  // A repeated header is looked up as it is: one hash by V8 instead of two regular expressions, a checksum and a SHA-256.
  // The time of a look-up leads nowhere. V8 compares characters only where its own hash of the whole text fits, which
  // has a random seed in each process, so a guess that shares a longer beginning with a key takes no longer than any
  // other. Only the one spelling of a right key is kept, so that a client cannot fill the map with others.
  const byHeader = new Map<string, Entry>()
  let lasts = freshFor

  function isFresh({ readAt, endsAt }: Entry, now: number) {
    return now - readAt <= lasts && now <= endsAt
  }

  function drop(entry: Entry) {
    byId.delete(entry.token.id)
    byHeader.delete(headerOf(entry.token))
  }

  return {
    /** By an `Authorization` header. */
    ofHeader(text: string, now: number): Holder | undefined {
      const entry = byHeader.get(text)
      return entry && isFresh(entry, now) ? entry.holder : undefined
    },

    ofToken({ id, hash }: Token, now: number): Holder | undefined {
      const entry = byId.get(id)
      if (!entry || !isFresh(entry, now) || !timingSafeEqual(entry.token.hash, hash)) return undefined
      return entry.holder
    },

    add(entry: Entry) {
      const { token } = entry
      byId.delete(token.id)
      byId.set(token.id, entry)
      if (token.kind === 'k') byHeader.set(headerOf(token), entry)
      if (byId.size > most) drop(byId.values().next().value!)
    },

    /** A key with its sessions, or a session. */
    forget(id: string) {
      for (const entry of byId.values()) if (entry.token.id === id || entry.holder.id === id) drop(entry)
    },

    /** Whether changes may go unheard from now on. After that all that was read is in doubt. */
    deafen(isDeaf: boolean) {
      lasts = isDeaf ? freshWhileDeaf : freshFor
      if (isDeaf) return
      byId.clear()
      byHeader.clear()
    }
  }
}

function headerOf({ text }: Token) {
  return `Bearer ${text}`
}
