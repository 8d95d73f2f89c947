import { sql } from 'kysely'
import type { Database, InTransaction } from '#database/connect.ts'
import { SigningKeyNotFound } from '#errors.ts'
import type { SigningKeyBody } from './schemas.ts'

const columns = ['kid', 'name', 'created_at', 'retired_at'] as const

export function listSigningKeys({ query }: Database) {
  return query.selectFrom('signing_keys').select(columns).orderBy('created_at', 'desc').orderBy('kid').execute()
}

type SigningKeyRow = Awaited<ReturnType<typeof listSigningKeys>>[number]

export function addSigningKey(trx: InTransaction, key: { kid: string; name: string }): Promise<SigningKeyRow> {
  return trx.insertInto('signing_keys').values(key).returning(columns).executeTakeFirstOrThrow()
}

/** The row stays: a kid must never be made again. */
export async function retireSigningKey({ query }: Database, kid: string) {
  const { numUpdatedRows } = await query
    .updateTable('signing_keys')
    .set({ retired_at: sql<Date>`now()` })
    .where('kid', '=', kid)
    .where('retired_at', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw new SigningKeyNotFound(kid)
}

export function presentSigningKey({ kid, name, created_at, retired_at }: SigningKeyRow): SigningKeyBody {
  return { kid, name, created_at: created_at.toISOString(), retired_at: retired_at?.toISOString() ?? null }
}
