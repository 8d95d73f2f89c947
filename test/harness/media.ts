import { existsSync } from 'node:fs'
import path from 'node:path'

/** Real films of many makes. They are not part of the project: tests that need them skip where they are absent. */
const folder = process.env.TEST_FILMS ?? path.resolve(import.meta.dirname, '../../../shared/media')

export const skipWithoutMedia = existsSync(folder) ? false : `there are no films in ${folder} (TEST_FILMS)`

export function film(name: string) {
  return path.join(folder, name)
}
