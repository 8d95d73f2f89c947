import type { Pool } from 'pg'
import type { Holder } from './holder.ts'
import { noteUseSql } from './queries.ts'

// Milliseconds between two notes of a key, and until a note is written.
const often = 60_000
const soon = 1_000

/** Writes when keys and sessions were used, at most once a minute for each. */
export function useNotes(pool: Pool) {
  const noted = new WeakMap<Holder, number>()
  let keys = new Set<string>()
  let sessions = new Set<string>()
  let timer: NodeJS.Timeout | undefined

  async function write() {
    clearTimeout(timer)
    timer = undefined
    if (keys.size === 0) return
    const values = [[...keys], [...sessions]]
    keys = new Set()
    sessions = new Set()
    // Without an answer the next use is noted.
    await pool.query({ name: 'note use', text: noteUseSql, values }).catch(() => {})
  }

  return {
    add(holder: Holder, now: number) {
      if (now - (noted.get(holder) ?? Number.NEGATIVE_INFINITY) < often) return
      noted.set(holder, now)
      keys.add(holder.id)
      if (holder.session !== undefined) sessions.add(holder.session)
      timer ??= setTimeout(write, soon).unref()
    },
    close: write
  }
}

export type UseNotes = ReturnType<typeof useNotes>
