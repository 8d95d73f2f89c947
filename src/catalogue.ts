import { readdir, readFile, realpath } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Config } from '#config.ts'
import type { InTransaction } from '#database/connect.ts'
import type { ForgottenTask } from '#tasks/builtin/expire-results.ts'
import { defineTask, type Kind, type Kinds, warnOnce } from '#tasks/define.ts'
import { describeThrown } from '#tasks/thrown.ts'
import { type Loading, loadInTurn } from './loading.ts'

/** The one list of built-in kinds. Each loads its own modules: a child that adds numbers needs nothing of films. */
const builtIn: Record<string, (config: Config) => Promise<Kind>> = {
  add: async () => (await import('#tasks/builtin/add.ts')).add,
  process_data: async () => (await import('#tasks/builtin/process-data.ts')).processData,
  sleep: async () => (await import('#tasks/builtin/sleep.ts')).sleep,
  process_video: async config => (await import('#videos/tasks/process-video.ts')).processVideo(await filmsIn(config)),
  process_video_part: async config =>
    (await import('#videos/tasks/process-video-part.ts')).processVideoPart(await filmsIn(config)),
  sweep: async config => {
    const { sweep } = await import('#videos/tasks/sweep.ts')
    return sweep({ ...(await storageIn(config)), auditExpires: config.AUDIT_EXPIRES })
  },
  expire_originals: async config => {
    const { expireOriginals } = await import('#videos/tasks/expire-originals.ts')
    return expireOriginals({ ...(await storageIn(config)), originalExpires: config.ORIGINAL_EXPIRES })
  },
  expire_uploads: async config => {
    const { expireUploads } = await import('#uploads/tasks/expire-uploads.ts')
    return expireUploads(await storageIn(config))
  },
  expire_keys: async () => (await import('#tasks/builtin/expire-keys.ts')).expireKeys,
  forget_workers: async () => (await import('#workers/tasks/forget-workers.ts')).forgetWorkers,
  roll_up: async config => {
    const { rollUpKind } = await import('#stats/tasks/roll-up.ts')
    return rollUpKind({ historyExpires: config.HISTORY_EXPIRES })
  },
  expire_deliveries: async config => {
    const { expireDeliveries } = await import('#webhooks/tasks/expire-deliveries.ts')
    return expireDeliveries({ historyExpires: config.HISTORY_EXPIRES })
  },
  bulk_operation: async () => {
    const { bulkOperation } = await import('#bulk/tasks/bulk-operation.ts')
    return bulkOperation({ remember })
  },
  expire_bulk_operations: async config => {
    const { expireBulkOperations } = await import('#bulk/tasks/expire-bulk-operations.ts')
    return expireBulkOperations({ historyExpires: config.HISTORY_EXPIRES })
  },
  expire_occurrences: async config => {
    const { expireOccurrences } = await import('#schedules/tasks/expire-occurrences.ts')
    return expireOccurrences({ historyExpires: config.HISTORY_EXPIRES })
  },
  expire_results: async config => {
    const { expireResults } = await import('#tasks/builtin/expire-results.ts')
    return expireResults({ historyExpires: config.HISTORY_EXPIRES, remember })
  }
}

/** The kinds whose bodies run ffmpeg on what users have uploaded. */
export const decodingKinds = ['process_video', 'process_video_part']

/** Every kind: the built-in ones and those of TASKS_DIR. Only this file knows them all. */
export async function loadKinds(config: Config, signal?: AbortSignal): Promise<Kinds> {
  const kinds = new Map<string, Kind>()
  for (const [name, load] of Object.entries(builtIn)) kinds.set(name, await load(config))
  if (config.TASKS_DIR === undefined) return kinds

  const verbose = config.LOG_LEVEL === 'debug' || config.LOG_LEVEL === 'trace'
  const { own, problems } = await loadFolder(config.TASKS_DIR, { signal, verbose })
  const origins = new Map<string, string>()
  for (const { kind, origin } of own) {
    const taken = origins.get(kind.name) ?? (Object.hasOwn(builtIn, kind.name) ? 'a built-in kind' : undefined)
    if (taken) problems.push(`${origin} defines the task "${kind.name}", and so does ${taken}`)
    kinds.set(kind.name, kind)
    origins.set(kind.name, origin)
  }
  if (own.some(({ kind }) => kind.schedules !== undefined)) {
    // Child processes have no use for schedules.
    const { problemsOfDeclared } = await import('#schedules/declared/declared.ts')
    problems.push(...problemsOfDeclared(kinds, { timezone: config.TIMEZONE }))
  }
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return kinds
}

/** One kind for a process that needs no other: from its file, or a built-in one. */
export async function loadKind(config: Config, name: string, file: string | undefined): Promise<Kind> {
  if (file === undefined) return builtIn[name]!(config)
  resolveOurs(path.dirname(file))
  const kind = kindIn(await import(pathToFileURL(file).href), file)
  if (kind?.name === name) return kind
  throw new Error(`${file} no longer defines the task "${name}"`)
}

async function filmsIn(config: Config) {
  const { findMediaTools } = await import('#media/binaries.ts')
  const { lockAsProved } = await import('#media/lock/lock.ts')
  const { encodeAsFound } = await import('#media/encode/hardware.ts')
  const { shareCores } = await import('#media/encode/threads.ts')
  const tools = () => {
    lockAsProved(config.MEDIA_SANDBOX)
    encodeAsFound(config.HARDWARE)
    shareCores(config.WORKER_CONCURRENCY)
    return findMediaTools({ ffmpegPath: config.FFMPEG_PATH, ffprobePath: config.FFPROBE_PATH })
  }
  const budget = {
    seconds: config.MAX_FILM_SECONDS,
    pixels: config.MAX_FILM_PIXELS,
    frames: config.MAX_FILM_FRAMES,
    streams: config.MAX_FILM_STREAMS,
    temporaryBytes: config.MAX_TEMPORARY_BYTES
  }
  const style = {
    profile: config.PROFILE,
    loudness: config.LOUDNESS ?? null,
    audio_tracks: config.AUDIO_TRACKS,
    codecs: config.CODECS
  }
  return { ...(await storageIn(config)), tools, budget, rungs: config.RUNGS, style }
}

async function storageIn(config: Config) {
  const { DiskStore } = await import('#storage/disk.ts')
  const { workspacesIn } = await import('#storage/workspace.ts')
  return { store: new DiskStore(config.DATA_DIR), workspaces: workspacesIn(config.DATA_DIR) }
}

/** Loads its module only when there is a row to write: children, which know every kind, have no database. */
async function remember(trx: InTransaction, ended: ForgottenTask[]) {
  const lost = ended.filter(({ state, video_id }) => state !== 'SUCCESS' && video_id !== null)
  if (lost.length === 0) return
  const { keepFailures } = await import('#videos/queries.ts')
  await keepFailures(trx, lost)
}

/** The kinds of a folder, each with its file, and a sentence for each module that cannot be used. */
export async function loadFolder(given: string, loading: Loading = {}) {
  // `import.meta` and stack traces have the real path, also where the folder is reached through a link.
  const folder = await realpath(given).catch(unreadable)
  resolveOurs(folder)
  const files = await readdir(folder).catch(unreadable)
  const modules = files
    .filter(file => /^[^._].*(?<!\.d)\.[cm]?[jt]s$/.test(file))
    .sort()
    .map(file => ({ file: path.join(folder, file), origin: path.join(given, file) }))
  const { loaded, problems } = await loadInTurn(modules, loading)
  const own: { kind: Kind; origin: string }[] = []
  for (const { exports, file, origin } of loaded) {
    try {
      const kind = kindIn(exports, origin)
      if (kind) own.push({ kind: Object.freeze({ ...kind, file }), origin })
      else if (await isForgotten(file)) {
        warnOnce(
          `${origin} defines a task but has no default export, so the task does not exist: ` +
            'write "export default defineTask({ … })", or begin the name of the file with "_"'
        )
      }
    } catch (error) {
      problems.push((error as Error).message)
    }
  }
  return { own, problems }
}

/** True if a module without a default export calls `defineTask`: then it is no helper, and the export was forgotten. */
async function isForgotten(file: string) {
  return /\bdefineTask\s*\(/.test(await readFile(file, 'utf8'))
}

function kindIn(module: Record<string, unknown>, origin: string): Kind | undefined {
  if (isHelper(module)) return undefined
  const kind = module.default as Kind | undefined
  if (typeof kind?.run !== 'function' || typeof kind.name !== 'string' || !kind.args) {
    throw new Error(`${origin} has no task: write "export default defineTask({ … })"`)
  }
  // A plain object goes through defineTask here: a kind always has its defaults.
  try {
    return defineTask(kind)
  } catch (error) {
    throw new Error(`${origin} cannot be used: ${describeThrown(error, 'it').message}`, { cause: error })
  }
}

/** A module that tasks share. To `import`, a CommonJS module has a default export whatever it exports. */
function isHelper(module: Record<string, unknown>) {
  if (!('default' in module)) return true
  return 'module.exports' in module && typeof (module.default as Partial<Kind> | null)?.run !== 'function'
}

function unreadable(error: Error): never {
  throw new Error(`TASKS_DIR cannot be read: ${error.message}`)
}

const folders = new Set<string>()

/** A folder of tasks needs no node_modules: `darkroom` and `typebox` resolve to the very copies that we use. */
function resolveOurs(folder: string) {
  const isFirst = folders.size === 0
  folders.add(`${pathToFileURL(folder).href}/`)
  if (!isFirst) return
  registerHooks({
    resolve(specifier, context, next) {
      const ours = /^(darkroom|typebox)(\/|$)/.test(specifier) && isInside(context.parentURL)
      return next(specifier, ours ? { ...context, parentURL: import.meta.url } : context)
    }
  })
}

function isInside(url: string | undefined) {
  return url !== undefined && [...folders].some(folder => url.startsWith(folder))
}
