import { readdir, realpath } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Config } from '#config.ts'
import type { InTransaction } from '#database/connect.ts'
import type { Ended } from '#tasks/builtin/expire-results.ts'
import { defineTask, type Kind, type Kinds, warnOnce } from '#tasks/define.ts'
import { describeThrown } from '#tasks/thrown.ts'
import { type Loaded, type Loading, loadInTurn } from './loading.ts'

/** Each is loaded by itself: a child process that adds numbers has no use for what a film needs. */
const builtIn: Record<string, (config: Config) => Promise<Kind>> = {
  add: async () => (await import('#tasks/builtin/add.ts')).add,
  process_data: async () => (await import('#tasks/builtin/process-data.ts')).processData,
  sleep: async () => (await import('#tasks/builtin/sleep.ts')).sleep,
  process_video: async config => {
    const { processVideo } = await import('#videos/tasks/process-video.ts')
    const { findMediaTools } = await import('#media/binaries.ts')
    const tools = () => findMediaTools({ ffmpegPath: config.FFMPEG_PATH, ffprobePath: config.FFPROBE_PATH })
    return processVideo({ storage: await storageIn(config), tools })
  },
  sweep: async config => (await import('#videos/tasks/sweep.ts')).sweep({ storage: await storageIn(config) }),
  expire_results: async config => {
    const { expireResults } = await import('#tasks/builtin/expire-results.ts')
    return expireResults({ historyExpires: config.HISTORY_EXPIRES, remember })
  }
}

/** Every kind of task there is: the built-in ones and those of TASKS_DIR. Nobody else knows them all. */
export async function loadKinds(config: Config, signal?: AbortSignal): Promise<Kinds> {
  const kinds = new Map<string, Kind>()
  for (const [name, load] of Object.entries(builtIn)) kinds.set(name, await load(config))

  const origins = new Map<string, string>()
  const own = config.TASKS_DIR === undefined ? [] : await loadFolder(config.TASKS_DIR, { signal })
  for (const { kind, origin } of own) {
    const taken = origins.get(kind.name) ?? (Object.hasOwn(builtIn, kind.name) ? 'the built-in ones' : undefined)
    if (taken) throw new Error(`${origin} defines the task "${kind.name}", which is among ${taken} already`)
    kinds.set(kind.name, kind)
    origins.set(kind.name, origin)
  }
  return kinds
}

/** One kind that is known to be there, in a process that needs no other: from its file, or a built-in one. */
export async function loadKind(config: Config, name: string, file: string | undefined): Promise<Kind> {
  if (file === undefined) return builtIn[name]!(config)
  resolveOurs(path.dirname(file))
  const kind = kindIn(await import(pathToFileURL(file).href), file)
  if (kind?.name === name) return kind
  throw new Error(`${file} no longer defines the task "${name}"`)
}

async function storageIn(config: Config) {
  return (await import('#storage/disk.ts')).openStorage(config.DATA_DIR)
}

/** Loaded when there is something to write down: the child processes, which know every kind, have no database. */
async function remember(trx: InTransaction, ended: Ended[]) {
  const lost = ended.filter(({ state, video_id }) => state !== 'SUCCESS' && video_id !== null)
  if (lost.length === 0) return
  const { keepFailures } = await import('#videos/queries.ts')
  await keepFailures(trx, lost)
}

/** The kinds of a folder, each with where it comes from. */
export async function loadFolder(given: string, loading: Loading = {}) {
  // Modules know themselves by their real path, also where the folder is reached through a link.
  const folder = await realpath(given).catch(unreadable)
  resolveOurs(folder)
  const files = await readdir(folder).catch(unreadable)
  const modules = files
    .filter(file => /^[^._].*(?<!\.d)\.[cm]?[jt]s$/.test(file))
    .sort()
    .map(file => ({ file: path.join(folder, file), origin: path.join(given, file) }))
  const loaded = await loadInTurn(modules, loading)
  const own: { kind: Kind; origin: string }[] = []
  for (const each of loaded) {
    const { exports, file, origin } = each
    const kind = kindIn(exports, origin)
    if (kind) own.push({ kind: Object.freeze({ ...kind, file }), origin })
    else if (await isForgotten(each)) {
      warnOnce(
        `${origin} has no default export, and no module beside it imports it: it does nothing. ` +
          'Begin its name with "_" where that is as it should be'
      )
    }
  }
  return own
}

/** Not everything that is no task is a helper: it may lack a `default`. */
async function isForgotten({ exports, file }: Loaded) {
  const { href } = pathToFileURL(await realpath(file))
  // One of types alone has nothing left, not even what tells it from one of CommonJS; and to import it leaves no trace.
  const all = exports['module.exports'] ?? exports
  const isEmpty = typeof all === 'object' && Object.keys(all).length === 0 && !importing.has(href)
  return !isEmpty && !imported.has(href)
}

function kindIn(module: Record<string, unknown>, origin: string): Kind | undefined {
  if (isHelper(module)) return undefined
  const kind = module.default as Kind | undefined
  if (typeof kind?.run !== 'function' || typeof kind.name !== 'string' || !kind.args) {
    throw new Error(`${origin} has no task: write "export default defineTask({ … })"`)
  }
  // What was not made by defineTask is now: a kind always has its defaults.
  try {
    return defineTask(kind)
  } catch (error) {
    throw new Error(`${origin} cannot be used: ${describeThrown(error, 'it').message}`, { cause: error })
  }
}

/** What tasks share is in modules beside them. To `import`, one of CommonJS has a default export whatever it exports. */
function isHelper(module: Record<string, unknown>) {
  if (!('default' in module)) return true
  return 'module.exports' in module && typeof (module.default as Partial<Kind> | null)?.run !== 'function'
}

function unreadable(error: Error): never {
  throw new Error(`TASKS_DIR cannot be read: ${error.message}`)
}

const folders = new Set<string>()
// The modules of these folders that import anything, and what they import.
const importing = new Set<string>()
const imported = new Set<string>()

/** A folder of tasks needs no node_modules: what it imports from us is ours, the very same copy. */
function resolveOurs(folder: string) {
  const known = folders.size > 0
  folders.add(`${pathToFileURL(folder).href}/`)
  if (known) return
  registerHooks({
    resolve(specifier, context, next) {
      const { parentURL } = context
      if (!isInside(parentURL)) return next(specifier, context)
      const ours = /^(darkroom|typebox)(\/|$)/.test(specifier)
      const found = next(specifier, ours ? { ...context, parentURL: import.meta.url } : context)
      importing.add(parentURL)
      if (found.url !== parentURL) imported.add(found.url)
      return found
    }
  })
}

function isInside(url: string | undefined): url is string {
  return url !== undefined && [...folders].some(folder => url.startsWith(folder))
}
