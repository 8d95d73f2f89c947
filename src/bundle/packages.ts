import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { findPackageJSON, registerHooks } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

// What they share is one instance: a format that one entry registers is known to the others.
const entries = [
  ...['typebox', 'typebox/compile', 'typebox/format', 'typebox/system', 'typebox/value'],
  ...['kysely', 'kysely/migration']
]
const cache = path.resolve(import.meta.dirname, '../../node_modules/.cache/darkroom')

/**
 * typebox and kysely are over a thousand small modules: to find and link them takes half of the CPU of a start. Here
 * they become a few files beside the compile cache. Throws where esbuild is not installed or the folder is not writable;
 * processes then load the packages as they are.
 */
export async function bundlePackages() {
  const folder = folderOfThese()
  if (existsSync(folder)) return
  await mkdir(cache, { recursive: true })
  const draft = `${folder}.${process.pid}`
  const { build, stop } = await import('esbuild')
  try {
    const sources = entries.map(name => import.meta.resolve(name))
    await build({
      entryPoints: sources.map((url, index) => ({ in: fileURLToPath(url), out: String(index) })),
      ...{ outdir: draft, outExtension: { '.js': '.mjs' } },
      ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', logLevel: 'silent' }
    })
    const places = sources.map((url, index) => [url, `${index}.mjs`])
    await writeFile(path.join(draft, 'list.json'), JSON.stringify(Object.fromEntries(places)))
    // Another process may have been quicker.
    await rename(draft, folder).catch(() => {})
  } finally {
    await stop()
    await rm(draft, { recursive: true, force: true })
  }
}

/** Imports of these packages in this process load the few files, from everywhere, if they have been made. */
export function takePackages() {
  const folder = folderOfThese()
  const list = path.join(folder, 'list.json')
  if (!existsSync(list)) return
  const places = new Map(Object.entries<string>(JSON.parse(readFileSync(list, 'utf8'))))
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context)
      const place = places.get(found.url)
      if (place === undefined) return found
      return { url: pathToFileURL(path.join(folder, place)).href, format: 'module', shortCircuit: true }
    }
  })
}

/** Another version is another folder. */
function folderOfThese() {
  const versions = ['typebox', 'kysely'].map(name => {
    const { version } = JSON.parse(readFileSync(findPackageJSON(name, import.meta.url)!, 'utf8'))
    return `${name}-${version}`
  })
  return path.join(cache, versions.join('-'))
}
