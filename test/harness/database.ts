import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { Test } from 'tap'
import { clusterUrl, template, urlOf } from './cluster.ts'

/** A migrated database of the test's own, gone when the test is over. Answers its URL. */
export async function borrowDatabase(t: Test): Promise<string> {
  const server = await clusterUrl()
  const name = `test_${randomBytes(8).toString('hex')}`
  await administer(server, `create database ${name} template ${template}`)
  t.teardown(() => administer(server, `drop database if exists ${name} with (force)`))
  return urlOf(server, name)
}

async function administer(server: string, statement: string) {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    // Another test may be copying the template at this moment.
    for (let tries = 100; ; tries--) {
      try {
        return await client.query(statement)
      } catch (error) {
        if ((error as { code?: string }).code !== '55006' || tries === 0) throw error
        await client.query('select pg_sleep(0.05)')
      }
    }
  } finally {
    await client.end()
  }
}
