import { createHash } from 'node:crypto'
import { CompiledQuery } from 'kysely'
import type { Database, InTransaction } from '#database/connect.ts'
import { IdempotencyKeyReused, InvalidRequest } from '#errors.ts'

/** The answer to a creating request, replayed when the same request is repeated. */
export interface Answer {
  status: number
  location?: string
  body: unknown
}

interface KeyedRequest {
  headers: { [name: string]: unknown }
  principal: { id: string | null }
}

export interface Key {
  key: string
  /** Id of the API key that the request came with, empty without one: two of them never share an answer. */
  holder: string
  /** Hash of the request: a different request under the same key is refused. */
  request: Buffer
}

/** Reads the header; undefined without one. `body` is anything that distinguishes this request from others. */
export function keyOf({ headers, principal }: KeyedRequest, route: string, body: unknown): Key | undefined {
  const header = headers['idempotency-key'] as string | string[] | undefined
  if (header === undefined) return undefined
  if (typeof header !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(header)) {
    throw new InvalidRequest('Idempotency-Key must be 1 to 255 visible ASCII characters')
  }
  const request = createHash('sha256')
    .update(`${route}\n${JSON.stringify(sorted(body))}`)
    .digest()
  return { key: header, holder: principal.id ?? '', request }
}

/**
 * The first answer under a key, if there is one. Looked up before the request is validated, because a request that was
 * valid then may be refused now: a queue was removed, a time has passed.
 */
export async function recall({ pool }: Database, key: Key | undefined): Promise<Answer | undefined> {
  if (!key) return undefined
  const { rows } = await pool.query<Kept>({ name: 'find answer', text: findAnswerSql, values: [key.key, key.holder] })
  return rows[0] && answerOf(rows[0], key)
}

/**
 * Creates once per key, even for simultaneous requests: the key's row is written in the transaction that creates, so a
 * second request waits for that row and then finds the first answer. A key is kept for a day; after that it counts as
 * new.
 */
export async function once(
  { query }: Database,
  known: Key | undefined,
  create: (trx: InTransaction) => Promise<Answer>
): Promise<{ answer: Answer; replayed: boolean }> {
  return query.transaction().execute(async trx => {
    // Without a key every request is the first.
    if (!known) return { answer: await create(trx), replayed: false }
    const { key, holder, request } = known
    const { rows: fresh } = await trx.executeQuery(CompiledQuery.raw(claimKeySql, [key, request, holder]))
    if (fresh.length === 0) {
      const { rows } = await trx.executeQuery<Kept>(CompiledQuery.raw(findAnswerSql, [key, holder]))
      return { answer: answerOf(rows[0], known), replayed: true }
    }
    const answer = await create(trx)
    await trx.executeQuery(CompiledQuery.raw(keepAnswerSql, [key, JSON.stringify(answer), holder]))
    return { answer, replayed: false }
  })
}

interface Kept {
  request: Buffer
  answer: Answer
}

function answerOf(kept: Kept | undefined, { key, request }: Key) {
  if (!kept?.request.equals(request)) throw new IdempotencyKeyReused(key)
  return kept.answer
}

export const claimKeySql = `
insert into darkroom.idempotency_keys as known (key_id, key, request) values ($3, $1, $2)
on conflict (key_id, key) do update set request = $2, answer = null, created_at = now()
  where known.created_at < now() - interval '1 day'
returning key`

export const findAnswerSql = `
select request, answer from darkroom.idempotency_keys
where key_id = $2 and key = $1 and created_at >= now() - interval '1 day'`

export const keepAnswerSql = `
update darkroom.idempotency_keys set answer = $2 where key_id = $3 and key = $1`

/** Sorts the fields, so that their order makes no difference. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)])
  )
}
