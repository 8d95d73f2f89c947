import pg from 'pg'
import type { Statement } from '#database/connect.ts'
import { byCommand } from './by.ts'
import { type Action, recordActSql, valuesOf } from './record.ts'

/** The statement that writes what a command does to the database. */
export function lineOfCommand(url: string, action: Action, detail: object = {}): Statement {
  const target = { type: 'database', id: decodeURIComponent(new URL(url).pathname.slice(1)) }
  return { text: recordActSql, values: valuesOf(byCommand(), action, target, 'done', detail) }
}

/** Writes it at once, for a command that only reads. */
export async function recordCommand(url: string, action: Action, detail: object = {}) {
  const client = new pg.Client({ connectionString: url, application_name: 'darkroom audit' })
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(lineOfCommand(url, action, detail))
  } finally {
    await client.end()
  }
}
