import type { Pool } from 'pg'
import { keyFinder } from './finder.ts'
import { holdsOf } from './holds.ts'
import { type OpensWithoutKeys, opennessOf } from './openness.ts'
import { countApis } from './queries.ts'
import { useNotes } from './use-notes.ts'

export interface KeyringOptions {
  pool: Pool
  opensWithoutKeys: OpensWithoutKeys
}

// Milliseconds
const interval = 5_000

/** The keys of this API: a known one costs a look into a map and no query. */
export async function openKeyring({ pool, opensWithoutKeys }: KeyringOptions) {
  const holds = holdsOf(pool)
  const notes = useNotes(pool)
  const { ofHeader, known, find, findById, forget, deafen } = keyFinder(pool, notes)
  const openness = await opennessOf(pool, opensWithoutKeys, holds.endAnonymous)
  let apis = 1
  const timer = setInterval(look, interval).unref()
  void countAgain()

  function look() {
    void openness.look()
    void holds.lookAtAll()
    void countAgain()
  }

  async function countAgain() {
    // Without an answer the last number stands.
    apis = await countApis(pool).catch(() => apis)
  }

  return {
    isOpen: openness.isOpen,
    /** Also to requests that a proxy sends for others than this machine. */
    isOpenToOthers: opensWithoutKeys === 'always',
    /** Processes that answer requests now: each lets a key have its share of the key's rate. */
    apis: () => apis,
    ...{ ofHeader, known, find, findById },

    /** Calls `end` once the key or session is revoked or expires; returns a function that stops that. */
    hold: holds.add,

    /** Takes a message of the channel of keys, or what this API itself has changed. */
    async hear(id: string) {
      forget(id)
      await Promise.all([openness.look(), holds.look(id)])
    },

    /** What a request has ended: refused from now on; what is open ends after the answer, which may be to that key. */
    end(id: string) {
      forget(id)
      setImmediate(() => void holds.look(id))
    },

    /** Messages may be lost from now on, or have been. */
    deafen: () => deafen(true),
    hearAgain() {
      deafen(false)
      look()
    },

    async close() {
      clearInterval(timer)
      await notes.close()
    }
  }
}

export type Keyring = Awaited<ReturnType<typeof openKeyring>>
