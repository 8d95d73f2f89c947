import type { Pool } from 'pg'
import type { Holder } from './holder.ts'
import { stillActive } from './queries.ts'

type End = () => void

// Milliseconds. Then the client comes again, through the proxy, which knows whether its person may.
const longestByProxy = 3_600_000

/** What stays open for long: sockets, streams, waits and uploads, by the key or session that has opened them. */
export function holdsOf(pool: Pool) {
  const ofKeys = new Map<string, Set<End>>()
  const ofSessions = new Map<string, Set<End>>()
  const anonymous = new Set<End>()

  /** `holder` is undefined for what was opened while no key was needed. Nothing is told of the people of a proxy. */
  function add(holder: Holder | undefined, end: End): () => void {
    if (!holder) {
      anonymous.add(end)
      return () => anonymous.delete(end)
    }
    if (holder.kind === 'proxy') return endLater(end)
    join(ofKeys, holder.id, end)
    if (holder.session !== undefined) join(ofSessions, holder.session, end)
    return () => {
      leave(ofKeys, holder.id, end)
      if (holder.session !== undefined) leave(ofSessions, holder.session, end)
    }
  }

  async function lookAt(keys: string[], sessions: string[]) {
    if (keys.length + sessions.length === 0) return
    // Without an answer the next look decides.
    const active = await stillActive(pool, keys, sessions).catch(() => undefined)
    if (!active) return
    for (const [ids, map] of [
      [keys, ofKeys],
      [sessions, ofSessions]
    ] as const) {
      for (const id of ids) if (!active.has(id)) endAll(map.get(id))
    }
  }

  return {
    add,
    look: (id: string) => lookAt(ofKeys.has(id) ? [id] : [], ofSessions.has(id) ? [id] : []),
    lookAtAll: () => lookAt([...ofKeys.keys()], [...ofSessions.keys()]),
    endAnonymous: () => endAll(anonymous)
  }
}

function endLater(end: End) {
  const timer = setTimeout(end, longestByProxy).unref()
  return () => clearTimeout(timer)
}

function join(map: Map<string, Set<End>>, id: string, end: End) {
  const ends = map.get(id)
  if (ends) ends.add(end)
  else map.set(id, new Set([end]))
}

function leave(map: Map<string, Set<End>>, id: string, end: End) {
  const ends = map.get(id)
  ends?.delete(end)
  if (ends?.size === 0) map.delete(id)
}

/** Each removes itself from the set. */
function endAll(ends: Set<End> | undefined) {
  for (const end of [...(ends ?? [])]) end()
}
