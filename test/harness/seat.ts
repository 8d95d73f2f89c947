import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { Test } from 'tap'
import { adminUrl } from './cluster.ts'

type Seat = 'darkroom_reader' | 'darkroom_operator'

/** A person's login below one of the two roles, as the README makes it, and its connection. */
export async function seat(t: Test, url: string, role: Seat): Promise<pg.Client> {
  const name = `anna_${randomBytes(6).toString('hex')}`
  await administer(url, `create role ${name} login password 'secret' in role ${role}`)
  const at = new URL(url)
  at.username = name
  at.password = 'secret'
  const client = new pg.Client({ connectionString: at.href })
  client.on('error', () => {})
  await client.connect()
  t.teardown(async () => {
    await client.end()
    await administer(url, `drop role ${name}`)
  })
  return client
}

/** One statement as the superuser. */
export async function administer(url: string, statement: string) {
  const client = new pg.Client({ connectionString: await adminUrl(url) })
  await client.connect()
  try {
    return await client.query(statement)
  } finally {
    await client.end()
  }
}
