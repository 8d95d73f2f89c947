import { hostname } from 'node:os'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { sql } from 'kysely'
import { v7 as uuid } from 'uuid'
import type { Database } from '#database/connect.ts'
import { isUuid } from '#schema/common.ts'
import { installationKey, type Store } from './store.ts'

/**
 * With the database of one installation and the store of another, a process would fail every film, and `sweep` would
 * remove the films that the database does not know. So both carry the same id, written at the first start, which API
 * and worker check first. Throws the mismatch and its remedy.
 */
export async function pairWithStore(db: Database, store: Store): Promise<void> {
  const expected = await db.query.selectFrom('installation').selectAll().executeTakeFirst()
  if (!expected) {
    await store.prepare()
    return pairFirst(db, store)
  }

  const id = await readId(store)
  // Not before: a refused start must not write below the mount point of a volume that is missing.
  if (id === expected.id) return store.prepare()
  const where = `The store of database ${nameOf(db)} is DATA_DIR ${expected.data_dir}, first used on host ${expected.host} (installation ${expected.id}).`
  if (id) {
    throw new Error(
      `${where} DATA_DIR ${store.place} on host ${hostname()} belongs to installation ${id}: set DATA_DIR or DATABASE_URL so ` +
        'that the two belong together'
    )
  }
  throw new Error(
    `${where} DATA_DIR ${store.place} on host ${hostname()} is not that store: it has no file "${installationKey}". Set DATA_DIR ` +
      'to the same folder, or mount its volume here. Where this is meant to be the store from now on (a copy without ' +
      `that file, or the films are lost), write ${expected.id} to the file "${installationKey}" in it`
  )
}

/**
 * The first start on a database, perhaps a restored one. Concurrent first starts take the lock in turn; later ones find
 * the row.
 */
async function pairFirst(db: Database, store: Store) {
  const isNew = await db.query.transaction().execute(async trx => {
    await sql`lock table darkroom.installation in share row exclusive mode`.execute(trx)
    if (await trx.selectFrom('installation').select('id').executeTakeFirst()) return false

    const found = await readId(store)
    const knowsFilms = (await trx.selectFrom('films').select('id').limit(1).executeTakeFirst()) !== undefined
    const hasFilms = await holdsFilms(store)
    if (knowsFilms && !hasFilms) {
      throw new Error(
        `Database ${nameOf(db)} has films, and DATA_DIR ${store.place} on host ${hostname()} holds none: set DATA_DIR to ` +
          'the folder with their files, or restore the folder "videos" into it'
      )
    }
    if (hasFilms && !knowsFilms) {
      throw new Error(
        `DATA_DIR ${store.place} on host ${hostname()} holds films${found ? ` of installation ${found}` : ''}, and database ` +
          `${nameOf(db)} is new and knows none of them: connect the database that they belong to, or restore it from ` +
          'its backup. To begin without them, move the folder "videos" elsewhere'
      )
    }
    const id = found ?? uuid()
    // Before the row: a crash in between leaves an id in an empty store, which the next start adopts.
    if (!found) await writeId(store, id)
    await trx.insertInto('installation').values({ id, host: hostname(), data_dir: store.place }).execute()
    return true
  })
  if (!isNew) await pairWithStore(db, store)
}

async function readId(store: Store) {
  const stored = await store.stat(installationKey)
  if (!stored) return undefined
  const id = (await text(await store.open(installationKey, { start: 0, end: 99 }))).trim().toLowerCase()
  if (isUuid(id)) return id
  throw new Error(
    `The file "${installationKey}" in DATA_DIR ${store.place} holds no installation id: restore it from a backup`
  )
}

async function writeId(store: Store, id: string) {
  const received = await store.receive(installationKey, Readable.from([`${id}\n`]))
  await received.keep()
}

async function holdsFilms(store: Store) {
  for await (const _ of store.list('videos')) return true
  return false
}

/** Host and database, without the password. */
function nameOf({ url }: Database) {
  const { host, pathname } = new URL(url)
  return `${host}${pathname}`
}
