import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire, registerHooks } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Logger } from 'pino'
import { bundle } from '#bundle/bundle.ts'

const require = createRequire(import.meta.url)
const usualFolder = path.resolve(import.meta.dirname, '../../../node_modules/.cache/darkroom')

/**
 * typebox is four hundred small modules, and every task module imports it: a child process spends 70 ms of CPU on it,
 * of 100 in all, each time that a child is replaced. As one file it takes 3. It is made once, beside the compile
 * cache; where that folder cannot be written to, children load the modules as they are.
 */
export async function typeboxInOneFile(log: Logger, folder = usualFolder): Promise<string | undefined> {
  try {
    const entry = require.resolve('typebox')
    const { version } = JSON.parse(await readFile(path.join(entry, '../../package.json'), 'utf8'))
    const file = path.join(folder, `typebox-${version}.mjs`)
    if (existsSync(file)) return file

    await bundle(entry, file, { platform: 'node' })
    return file
  } catch (error) {
    log.debug({ err: error }, 'typebox stays in many files; children take longer to start')
    return undefined
  }
}

/** From here on an import of typebox in this process loads the one file, unless the cache has been emptied. */
export function takeTypeboxFrom(file: string) {
  const url = pathToFileURL(file).href
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'typebox' && existsSync(file)
        ? { url, format: 'module', shortCircuit: true }
        : next(specifier, context)
  })
}
