import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, stop } from 'esbuild'
import { home } from './cluster.ts'

// One instance of what they share: a format that one entry registers is known to the others.
const entries = [
  ...['typebox', 'typebox/compile', 'typebox/format', 'typebox/system', 'typebox/value'],
  ...['kysely', 'kysely/migration']
]

/**
 * typebox and kysely are nine hundred small modules, and half of what a test file takes to start is finding them. Here
 * they become a few files, which `preload.cjs` puts in their place for a test's own process; what a test starts loads
 * the packages as they are.
 */
export async function bundlePackages() {
  const folder = path.join(home, 'packages')
  await rm(folder, { recursive: true, force: true })
  const sources = entries.map(name => import.meta.resolve(name))
  const outdir = path.join(folder, 'bundled')
  await mkdir(outdir, { recursive: true })
  await build({
    entryPoints: sources.map((url, index) => ({ in: fileURLToPath(url), out: String(index) })),
    ...{ outdir, outExtension: { '.js': '.mjs' } },
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', logLevel: 'silent' }
  })
  await stop()
  const places = sources.map((url, index) => [url, `bundled/${index}.mjs`])
  const list = path.join(folder, 'list.json')
  await writeFile(`${list}.draft`, JSON.stringify(Object.fromEntries(places)))
  await rename(`${list}.draft`, list)
}
