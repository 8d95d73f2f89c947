import { createHash } from 'node:crypto'
import { glob, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { frameTogether } from './frame-together.ts'

const here = import.meta.dirname
const main = path.join(here, 'main.tsx')
const usualCache = path.resolve(here, '../../node_modules/.cache/darkroom-ui')
const libraries = ['preact', '@preact/signals', '@preact/signals-core', 'esbuild']

type Load = () => Promise<typeof import('esbuild')>

/** A file as it is sent: plain and compressed. */
export interface Asset {
  type: string
  plain: Buffer
  gzip: Buffer
  br: Buffer
}

export interface Built {
  /** Names with a hash of their contents. */
  script: string
  style: string
  /** What the script imports before it runs, so that a browser asks for all of it at once. */
  parts: string[]
  assets: ReadonlyMap<string, Asset>
}

const types: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8'
}

/**
 * The page's scripts and styles, bundled by esbuild once for each version of the sources: by scripts/prepare, while the
 * image is made, else by the first request. Where the cache cannot be written, each process bundles for itself. Throws
 * where esbuild is missing and no bundle was made before.
 */
export async function bundleDashboard(cache = usualCache, load: Load = () => import('esbuild')): Promise<Built> {
  const folder = path.join(cache, await versionOf())
  const kept = await readFolder(folder)
  if (kept) return kept

  const made = await build(load)
  await keep(folder, made).catch(() => {})
  return (await readFolder(folder)) ?? (await compressed(made))
}

/** Changes with the sources and with the libraries that go into the bundle. */
async function versionOf() {
  const hash = createHash('sha256')
  const files = [...(await Array.fromAsync(glob('**/*.{ts,tsx,css,json}', { cwd: here }))), '../../client/index.js']
  for (const file of files.sort()) hash.update(`${file}\0`).update(await readFile(path.join(here, file)))
  for (const name of libraries) hash.update(await libraryVersion(name))
  return hash.digest('hex').slice(0, 16)
}

/** Where Darkroom is itself a package, its libraries may lie beside it. */
async function libraryVersion(name: string) {
  const text = await readFile(findPackageJSON(name, import.meta.url)!, 'utf8')
  return `${name}@${JSON.parse(text).version}`
}

async function build(load: Load): Promise<Map<string, Buffer>> {
  const { build, stop } = await load()
  try {
    const { outputFiles } = await build({
      entryPoints: { main, style: path.join(here, 'style/main.css') },
      outdir: here,
      entryNames: '[name]-[hash]',
      chunkNames: '[name]-[hash]',
      write: false,
      bundle: true,
      splitting: true,
      minify: true,
      format: 'esm',
      target: ['es2022', 'chrome120', 'firefox120', 'safari17.5'],
      jsx: 'automatic',
      jsxImportSource: 'preact',
      legalComments: 'linked',
      logLevel: 'silent',
      tsconfigRaw: {},
      plugins: [frameTogether(main)]
    })
    return new Map(outputFiles.map(file => [path.basename(file.path), Buffer.from(file.contents)]))
  } finally {
    // Its process holds memory that this one needs once.
    await stop()
  }
}

/** Other processes see the folder complete or not at all. */
async function keep(folder: string, files: Map<string, Buffer>) {
  const draft = `${folder}.${process.pid}`
  try {
    await mkdir(draft, { recursive: true })
    for (const [name, asset] of (await compressed(files)).assets) {
      await writeFile(path.join(draft, name), asset.plain)
      await writeFile(path.join(draft, `${name}.gz`), asset.gzip)
      await writeFile(path.join(draft, `${name}.br`), asset.br)
    }
    await rename(draft, folder)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

async function readFolder(folder: string): Promise<Built | undefined> {
  const names = await readdir(folder).catch(() => [])
  if (names.length === 0) return undefined
  const assets = new Map<string, Asset>()
  for (const name of names.filter(name => path.extname(name) in types)) {
    const [plain, gzip, br] = await Promise.all(['', '.gz', '.br'].map(end => readFile(path.join(folder, name + end))))
    assets.set(name, { type: typeOf(name), plain: plain!, gzip: gzip!, br: br! })
  }
  return builtOf(assets)
}

async function compressed(files: Map<string, Buffer>): Promise<Built> {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }
  const entries = [...files].map(async ([name, plain]): Promise<[string, Asset]> => {
    const [small, smaller] = await Promise.all([
      promisify(gzip)(plain, { level: 9 }),
      promisify(brotliCompress)(plain, quality)
    ])
    return [name, { type: typeOf(name), plain, gzip: small, br: smaller }]
  })
  return builtOf(new Map(await Promise.all(entries)))
}

function builtOf(assets: Map<string, Asset>): Built {
  const named = (pattern: RegExp) => [...assets.keys()].find(name => pattern.test(name))!
  const script = named(/^main-.*\.js$/)
  return { script, style: named(/^style-.*\.css$/), parts: importsOf(script, assets), assets }
}

/** Names in static imports, as esbuild writes them, those of imported parts included. */
function importsOf(script: string, assets: ReadonlyMap<string, Asset>) {
  const found = new Set([script])
  for (const name of found) {
    const text = assets.get(name)?.plain.toString() ?? ''
    for (const [, imported] of text.matchAll(/(?:from|import) ?"\.\/([\w-]+\.js)"/g)) found.add(imported!)
  }
  found.delete(script)
  return [...found]
}

function typeOf(name: string) {
  return types[path.extname(name)] ?? 'application/octet-stream'
}
