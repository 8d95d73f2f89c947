import pg from 'pg'
import { adminUrl } from './cluster.ts'
import type { Service } from './service.ts'

export interface Line {
  id: string
  at: string
  actor: { kind: string; id: string | null; name: string | null }
  action: string
  target: { type: string; id: string | null }
  outcome: string
  ip: string | null
  request_id: string | null
  detail: Record<string, any>
}

/** Every line of the audit so far, oldest first, as HTTP shows it. */
export async function linesOf(service: Service, query = ''): Promise<Line[]> {
  const { items } = (await service.get(`/api/audit?limit=1000${query}`)).json()
  return items.toReversed()
}

/** Runs statements with the triggers of the audit out of the way, as its owner could. */
export async function tamper(url: string, ...statements: string[]) {
  const client = new pg.Client({ connectionString: await adminUrl(url) })
  await client.connect()
  try {
    for (const table of ['audit', 'audit_seals'])
      await client.query(`alter table darkroom.${table} disable trigger user`)
    for (const statement of statements) await client.query(statement)
    for (const table of ['audit', 'audit_seals'])
      await client.query(`alter table darkroom.${table} enable trigger user`)
  } finally {
    await client.end()
  }
}
