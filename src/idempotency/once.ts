import { createHash } from 'node:crypto'
import { CompiledQuery } from 'kysely'
import type { Database, InTransaction } from '#database/connect.ts'
import { IdempotencyKeyReused, InvalidRequest } from '#errors.ts'

/** What a creating request was answered, to be said again when the same request comes again. */
export interface Answer {
  status: number
  location?: string
  body: unknown
}

export interface Key {
  key: string
  /** What stands for the request: another one under the same key is refused. */
  request: Buffer
}

/** Reads the header; undefined without one. `body` is anything that tells this request from others. */
export function keyOf(header: string | string[] | undefined, route: string, body: unknown): Key | undefined {
  if (header === undefined) return undefined
  if (typeof header !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(header)) {
    throw new InvalidRequest('Idempotency-Key must be 1 to 255 visible ASCII characters')
  }
  const request = createHash('sha256')
    .update(`${route}\n${JSON.stringify(sorted(body))}`)
    .digest()
  return { key: header, request }
}

/**
 * Creates once under a key, however often and however simultaneously it is asked for: the key's row is written in the
 * transaction that creates, so a second request waits for the first at that row, and then finds its answer. Kept for
 * a day; after that the key is as good as new.
 */
export async function once(
  { query }: Database,
  known: Key | undefined,
  create: (trx: InTransaction) => Promise<Answer>
): Promise<{ answer: Answer; replayed: boolean }> {
  return query.transaction().execute(async trx => {
    // Without a key every request is the first.
    if (!known) return { answer: await create(trx), replayed: false }
    const { key, request } = known
    const { rows: fresh } = await trx.executeQuery(CompiledQuery.raw(claimText, [key, request]))
    if (fresh.length === 0) {
      const { rows } = await trx.executeQuery<{ request: Buffer; answer: Answer }>(CompiledQuery.raw(findText, [key]))
      if (!rows[0]?.request.equals(request)) throw new IdempotencyKeyReused(key)
      return { answer: rows[0].answer, replayed: true }
    }
    const answer = await create(trx)
    await trx.executeQuery(CompiledQuery.raw(keepText, [key, JSON.stringify(answer)]))
    return { answer, replayed: false }
  })
}

const claimText = `
insert into darkroom.idempotency_keys as known (key, request) values ($1, $2)
on conflict (key) do update set request = $2, answer = null, created_at = now()
  where known.created_at < now() - interval '1 day'
returning key`

const findText = 'select request, answer from darkroom.idempotency_keys where key = $1'

const keepText = 'update darkroom.idempotency_keys set answer = $2 where key = $1'

/** The same for two bodies that say the same in another order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)])
  )
}
