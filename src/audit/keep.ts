import type { Database } from '#database/connect.ts'

export interface Seal {
  number: number
  sealed_at: Date
  first: number
  last: number
  lines: number
  previous: string
  sha256: string
}

export const sealAuditSql = `
select * from darkroom.seal_audit()`

export const expireAuditSql = `
select darkroom.expire_audit($1) as gone`

/** Seals the lines since the last seal; undefined where there are none, or where an act is being written right now. */
export async function sealAudit({ pool }: Pick<Database, 'pool'>): Promise<Seal | undefined> {
  return (await pool.query<Seal>(sealAuditSql)).rows[0]
}

/** Removes lines that are older than so many seconds; returns their number. */
export async function expireAudit({ pool }: Pick<Database, 'pool'>, seconds: number): Promise<number> {
  return (await pool.query<{ gone: number }>(expireAuditSql, [seconds])).rows[0]!.gone
}
