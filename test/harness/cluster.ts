import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'

/**
 * One Postgres for the whole run, whose template is migrated once; each test then borrows a database of its own. Two
 * runs at once each need a folder of their own, which TEST_HOME names.
 */
export const home = path.resolve(
  process.env.TEST_HOME ?? path.join(import.meta.dirname, '../../node_modules/.cache/darkroom-test')
)
export const template = 'darkroom_template'

const note = path.join(home, 'url')

export async function rememberUrl(url: string) {
  await mkdir(home, { recursive: true })
  await writeFile(note, url)
}

export async function clusterUrl(): Promise<string> {
  return (await readFile(note, 'utf8')).trim()
}

export async function forgetUrl() {
  await rm(note, { force: true })
}

export function urlOf(server: string, database: string) {
  const url = new URL(server)
  url.pathname = `/${database}`
  return url.href
}
