import { randomBytes } from 'node:crypto'
import pg from 'pg'
import t, { type Test } from 'tap'
import { clusterUrl, template, urlOf } from './cluster.ts'

// A copy takes longer than most waits of a test: when one test takes a database, the next one's copy is started.
let next: Promise<string> | undefined
let borrowed = 0

/** A migrated database of the test's own, gone when the test is over. Answers its URL. */
export async function borrowDatabase(test: Test): Promise<string> {
  const mine = next ?? makeDatabase(template)
  next = undefined
  const name = await mine
  test.teardown(() => drop(name))
  if (++borrowed > 1) next ??= makeDatabase(template)
  return urlOf(await clusterUrl(), name)
}

t.teardown(async () => {
  if (next) await drop(await next)
})

/** A database without anything in it, gone when the test is over. Answers its URL. */
export async function emptyDatabase(test: Test): Promise<string> {
  const name = await makeDatabase('template1')
  test.teardown(() => drop(name))
  return urlOf(await clusterUrl(), name)
}

async function makeDatabase(from: string) {
  const name = `test_${randomBytes(8).toString('hex')}`
  // A tenth of the CPU of the default strategy, which writes a log of every page; `before.ts` says how files are copied.
  await administer(`create database ${name} owner darkroom template ${from} strategy file_copy`)
  return name
}

async function drop(name: string) {
  await administer(`drop database if exists ${name} with (force)`)
}

async function administer(statement: string) {
  const client = new pg.Client({ connectionString: await clusterUrl('superuser') })
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
