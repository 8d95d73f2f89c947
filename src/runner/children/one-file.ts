import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire, findPackageJSON, registerHooks } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Logger } from 'pino'
import { bundle } from '#bundle/bundle.ts'

const require = createRequire(import.meta.url)
const usualFolder = path.resolve(import.meta.dirname, '../../../node_modules/.cache/darkroom')

/**
 * Every task module imports typebox, four hundred small modules: 70 of the 100 ms of CPU that each new child takes to
 * start. As one file it takes 3 ms. The file is made once, beside the compile cache; where that folder is not writable,
 * children load the separate modules.
 */
export async function typeboxInOneFile(log: Logger, folder = usualFolder): Promise<string | undefined> {
  try {
    const { version } = JSON.parse(await readFile(findPackageJSON('typebox', import.meta.url)!, 'utf8'))
    const file = path.join(folder, `typebox-${version}.mjs`)
    if (existsSync(file)) return file

    await bundle(require.resolve('typebox'), file, { platform: 'node' })
    return file
  } catch (error) {
    log.debug({ err: error }, 'typebox could not be bundled into one file; children start more slowly')
    return undefined
  }
}

/** Imports of typebox in this process load the one file, unless the cache has been emptied. */
export function takeTypeboxFrom(file: string) {
  const url = pathToFileURL(file).href
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'typebox' && existsSync(file)
        ? { url, format: 'module', shortCircuit: true }
        : next(specifier, context)
  })
}
