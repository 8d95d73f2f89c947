import { isIP } from 'node:net'
import { sql } from 'kysely'
import { presets, type Scope, scopes } from '#access/scopes.ts'
import { newToken } from '#access/token.ts'
import { type By, recordAct } from '#audit/record.ts'
import type { InTransaction, Queries } from '#database/connect.ts'
import { KeyEnded, KeyNotFound } from '#errors.ts'
import { type FieldProblem, refuse } from '#schema/check.ts'
import type { KeyBody, NewKey } from './schemas.ts'

const longest = 365 * 86_400_000
// A client that asks for 365 days may have a clock that is ahead.
const leeway = 60_000

/** The name that a key says it was made by; an account's is in the audit. */
function makerOf({ principal: { kind, name } }: By) {
  return kind === 'cli' ? 'cli' : name
}

/** Makes a key in the caller's transaction; its text is in this answer alone. */
export async function createKey(trx: InTransaction, said: NewKey, by: By) {
  const { name, preset, expires_at = null } = said
  const problems = problemsOf(said)
  if (problems.length > 0) throw refuse(problems)
  const usual = preset && presets[preset]
  const held = usual?.scopes ?? said.scopes!
  const limits = { ...(usual?.own && { own: true }), ...said.limits }
  const token = newToken('k')
  await trx
    .insertInto('api_keys')
    .values({
      ...{
        id: token.id,
        family: token.id,
        hash: token.hash,
        name,
        created_by: makerOf(by),
        expires_at: dateOf(expires_at)
      },
      scopes: scopes.filter(scope => held.includes(scope)),
      limits: JSON.stringify(limits)
    })
    .execute()
  await recordAct(trx, by, 'key.create', { type: 'key', id: token.id }, { name, scopes: held, limits })
  return { ...(await findKey(trx, token.id)), key: token.text }
}

function dateOf(text: string | null) {
  return text === null ? null : new Date(text)
}

function problemsOf({ preset, scopes, limits, expires_at }: NewKey) {
  const problems: FieldProblem[] = []
  if ((preset === undefined) === (scopes === undefined)) {
    problems.push({ field: 'scopes', message: 'or preset must be given, and not both' })
  }
  for (const [index, network] of (limits?.networks ?? []).entries()) {
    const [address = '', bits] = network.split('/')
    const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)]!
    if (Number(bits ?? 0) > most) {
      problems.push({ field: `limits.networks[${index}]`, message: 'must be a network such as 10.1.0.0/16' })
    }
  }
  if (expires_at != null) {
    const left = Date.parse(expires_at) - Date.now()
    if (left <= 0) problems.push({ field: 'expires_at', message: 'must be in the future' })
    if (left > longest + leeway) problems.push({ field: 'expires_at', message: 'must be at most 365 days from now' })
  }
  return problems
}

/** Makes a second key with the same rights, and dates the end of the first one. */
export async function rotateKey(trx: InTransaction, id: string, overlap: number, by: By) {
  const old = await lockKey(trx, id)
  const token = newToken('k')
  const lasts = old.expires_at && old.expires_at.getTime() - old.created_at.getTime()
  await trx
    .insertInto('api_keys')
    .values({
      ...{
        id: token.id,
        family: old.family,
        hash: token.hash,
        name: old.name,
        scopes: old.scopes,
        created_by: makerOf(by)
      },
      limits: JSON.stringify(old.limits),
      expires_at: lasts === null ? null : sql<Date>`now() + ${lasts} * interval '1 millisecond'`
    })
    .execute()
  await trx
    .updateTable('api_keys')
    .set({
      replaced_by: token.id,
      expires_at: sql<Date>`least(expires_at, now() + ${overlap} * interval '1 second')`
    })
    .where('id', '=', id)
    .execute()
  const detail = { name: old.name, overlap, replaced_by: token.id }
  await recordAct(trx, by, 'key.rotate', { type: 'key', id }, detail)
  return { ...(await findKey(trx, token.id)), key: token.text }
}

/** Sessions end with their key; revoking it again changes nothing. */
export async function revokeKey(trx: InTransaction, id: string, by: By) {
  const revoked = await trx
    .updateTable('api_keys')
    .set({ revoked_at: sql<Date>`now()`, revoked_by: makerOf(by) })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returning(['id', 'name'])
    .executeTakeFirst()
  if (!revoked) return findKey(trx, id)
  await trx.deleteFrom('sessions').where('key_id', '=', id).execute()
  await recordAct(trx, by, 'key.revoke', { type: 'key', id }, { name: revoked.name })
  return findKey(trx, id)
}

async function lockKey(trx: InTransaction, id: string) {
  const found = await trx.selectFrom('api_keys').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
  if (!found) throw new KeyNotFound(id)
  const { status } = await findKey(trx, id)
  if (status !== 'active') throw new KeyEnded(status)
  return found
}

function selectKeys(query: Queries | InTransaction) {
  return query
    .selectFrom('api_keys as k')
    .select(['k.id', 'k.name', 'k.scopes', 'k.limits', 'k.created_at', 'k.created_by', 'k.expires_at'])
    .select(['k.last_used_at', 'k.revoked_at', 'k.revoked_by', 'k.replaced_by'])
    .select(
      sql<KeyBody['status']>`case
        when k.revoked_at is not null then 'revoked' when k.expires_at <= now() then 'expired' else 'active'
      end`.as('status')
    )
    .select(
      sql<number>`(
        select count(*)::int from darkroom.sessions s
        where s.key_id = k.id and s.expires_at > now() and s.seen_at > now() - interval '12 hours'
      )`.as('sessions')
    )
}

export async function findKey(query: Queries | InTransaction, id: string): Promise<KeyBody> {
  const found = await selectKeys(query).where('k.id', '=', id).executeTakeFirst()
  if (!found) throw new KeyNotFound(id)
  return { ...found, scopes: found.scopes as Scope[] }
}

export async function listKeys(query: Queries, limit: number): Promise<KeyBody[]> {
  const found = await selectKeys(query).orderBy('k.created_at', 'desc').orderBy('k.id', 'desc').limit(limit).execute()
  return found.map(key => ({ ...key, scopes: key.scopes as Scope[] }))
}
