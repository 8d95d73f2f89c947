import { sql } from 'kysely'
import { type By, recordAct } from '#audit/record.ts'
import type { Database, InTransaction } from '#database/connect.ts'
import { SigningKeyNotFound } from '#errors.ts'
import type { SigningKeyBody } from './schemas.ts'

const columns = ['kid', 'name', 'created_at', 'retired_at'] as const

export function listSigningKeys({ query }: Database) {
  return query.selectFrom('signing_keys').select(columns).orderBy('created_at', 'desc').orderBy('kid').execute()
}

type SigningKeyRow = Awaited<ReturnType<typeof listSigningKeys>>[number]

export async function addSigningKey(
  trx: InTransaction,
  key: { kid: string; name: string },
  by: By
): Promise<SigningKeyRow> {
  const row = await trx.insertInto('signing_keys').values(key).returning(columns).executeTakeFirstOrThrow()
  await recordAct(trx, by, 'signing_key.add', { type: 'signing_key', id: key.kid }, { name: key.name })
  return row
}

/** The row stays: a kid must never be made again. */
export async function retireSigningKey(trx: InTransaction, kid: string, by: By) {
  const { numUpdatedRows } = await trx
    .updateTable('signing_keys')
    .set({ retired_at: sql<Date>`now()` })
    .where('kid', '=', kid)
    .where('retired_at', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw new SigningKeyNotFound(kid)
  await recordAct(trx, by, 'signing_key.retire', { type: 'signing_key', id: kid })
}

export function presentSigningKey({ kid, name, created_at, retired_at }: SigningKeyRow): SigningKeyBody {
  return { kid, name, created_at: created_at.toISOString(), retired_at: retired_at?.toISOString() ?? null }
}
