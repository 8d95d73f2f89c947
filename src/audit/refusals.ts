import { CompiledQuery } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '#database/connect.ts'
import { type By, recordActSql, valuesOf } from './record.ts'

interface Refusal {
  by: By
  count: number
  codes: Record<string, number>
  routes: Set<string>
  since: string
}

// Milliseconds.
const aMinute = 60_000
const mostRoutes = 10
// Of a minute. An attacker with a network of addresses shall not fill the disk: the rest share one line.
const mostLines = 1_000

export interface Refused {
  by: By
  /** Code of the problem that was answered. */
  code: string
  /** `POST /api/queues/:name/pause`. */
  route: string
}

/** Gathers requests that were not allowed: a line of the audit for each principal, address and minute. */
export function openRefusals({ db, log }: { db: Database; log: Logger }) {
  let gathered = new Map<string, Refusal>()
  let writing: Promise<void> | undefined

  function note({ by, code, route }: Refused) {
    const { kind, id, name, address } = by.principal
    let key = JSON.stringify([kind, id, name, address])
    let principal = by.principal
    if (!gathered.has(key) && gathered.size >= mostLines) {
      key = 'the rest'
      principal = { kind: 'anonymous', id: null, name: 'others', address: null, scopes: [] }
    }
    const fresh = { by, count: 0, codes: {}, routes: new Set<string>(), since: new Date().toISOString() }
    const refusal: Refusal = gathered.get(key) ?? fresh
    refusal.by = { principal, requestId: by.requestId }
    refusal.count++
    refusal.codes[code] = (refusal.codes[code] ?? 0) + 1
    if (refusal.routes.size < mostRoutes) refusal.routes.add(route)
    gathered.set(key, refusal)
  }

  async function write() {
    const lines = gathered
    if (lines.size === 0) return
    gathered = new Map()
    try {
      await db.query.transaction().execute(async trx => {
        for (const refusal of lines.values()) await trx.executeQuery(CompiledQuery.raw(recordActSql, lineOf(refusal)))
      })
    } catch (error) {
      // They are in the log of requests, too.
      log.warn({ err: error, lines: lines.size }, 'the audit lacks refused requests: the database did not take them')
    }
  }

  function flush() {
    writing = (writing ?? Promise.resolve()).then(write)
    return writing
  }

  const timer = setInterval(flush, aMinute)
  timer.unref()
  return {
    note,
    /** Writes what was gathered. */
    flush,
    async close() {
      clearInterval(timer)
      await flush()
    }
  }
}

export type Refusals = ReturnType<typeof openRefusals>

function lineOf({ by, count, codes, routes, since }: Refusal) {
  const id = routes.size === 1 ? [...routes][0]! : null
  const detail = { count, codes, since, ...(id === null && { routes: [...routes] }) }
  return valuesOf(by, 'request.refuse', { type: 'route', id }, 'refused', detail)
}
