import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findEmbedded } from '../../src/database/embedded.ts'

/**
 * One Postgres for the whole run, whose template is migrated once; each test then borrows a database of its own. Two
 * runs at once each need a folder of their own, which TEST_HOME names.
 */
export const home = path.resolve(
  process.env.TEST_HOME ?? path.join(import.meta.dirname, '../../node_modules/.cache/darkroom-test')
)
export const template = 'darkroom_template'

/** The owner of the databases, and the role that makes and drops them: a test's own role may not end autovacuum. */
type Role = 'owner' | 'superuser'

const note = path.join(home, 'urls.json')

export async function rememberUrls(urls: Record<Role, string>) {
  await mkdir(home, { recursive: true })
  await writeFile(note, JSON.stringify(urls))
}

export async function clusterUrl(role: Role = 'owner'): Promise<string> {
  return JSON.parse(await readFile(note, 'utf8'))[role]
}

export async function forgetUrls() {
  await rm(note, { force: true })
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
