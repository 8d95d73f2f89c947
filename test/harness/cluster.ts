import { createHash } from 'node:crypto'
import { existsSync, statfsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { freemem } from 'node:os'
import path from 'node:path'
import { findEmbedded } from '../../src/database/embedded.ts'

const onDisk = path.join(import.meta.dirname, '../../node_modules/.cache/darkroom-test')
// In memory a copy of the template takes a tenth of the CPU: ext4 looks for a new file's place among those just deleted.
const inMemory = path.join('/dev/shm', `darkroom-test-${createHash('sha1').update(onDisk).digest('hex').slice(0, 8)}`)
const roomInMemory = 4 * 1024 ** 3
const noteIn = (home: string) => path.join(home, 'urls.json')

/**
 * One Postgres for the whole run, whose template is migrated once; each test then borrows a database of its own. Two
 * runs at once each need a folder of their own, which TEST_HOME names.
 */
export const home = path.resolve(process.env.TEST_HOME ?? chooseHome())
export const template = 'darkroom_template'

/** In memory where there is room, unless a run has begun on disk. */
function chooseHome() {
  if (existsSync(inMemory)) return inMemory
  if (existsSync(noteIn(onDisk)) || !existsSync('/dev/shm')) return onDisk
  const { bavail, bsize } = statfsSync('/dev/shm')
  return Math.min(bavail * bsize, freemem()) > roomInMemory ? inMemory : onDisk
}

/** Memory is given back; what is on disk starts the next run sooner. */
export async function leaveHome() {
  await forgetUrls()
  if (home === inMemory) await rm(inMemory, { recursive: true, force: true })
}

/** The owner of the databases, and the role that makes and drops them: a test's own role may not end autovacuum. */
type Role = 'owner' | 'superuser'

export async function rememberUrls(urls: Record<Role, string>) {
  await mkdir(home, { recursive: true })
  await writeFile(noteIn(home), JSON.stringify(urls))
}

export async function clusterUrl(role: Role = 'owner'): Promise<string> {
  return JSON.parse(await readFile(noteIn(home), 'utf8'))[role]
}

async function forgetUrls() {
  await rm(noteIn(home), { force: true })
}

/** As the superuser, in a database of the service's. */
export async function adminUrl(url: string): Promise<string> {
  return urlOf(await clusterUrl('superuser'), new URL(url).pathname.slice(1))
}

/** As the role of API and workers, which owns nothing. */
export async function appUrlOf(url: string): Promise<string> {
  return urlOf((await findEmbedded(home, 'app'))!, new URL(url).pathname.slice(1))
}

export function urlOf(server: string, database: string) {
  const url = new URL(server)
  url.pathname = `/${database}`
  return url.href
}
