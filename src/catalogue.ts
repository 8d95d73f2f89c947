import { readdir, realpath } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Config } from '#config.ts'
import type { InTransaction } from '#database/connect.ts'
import { findMediaTools } from '#media/binaries.ts'
import { openStorage } from '#storage/disk.ts'
import { add } from '#tasks/builtin/add.ts'
import { type Ended, expireResults } from '#tasks/builtin/expire-results.ts'
import { processData } from '#tasks/builtin/process-data.ts'
import { sleep } from '#tasks/builtin/sleep.ts'
import { defineTask, type Kind, type Kinds } from '#tasks/define.ts'
import { processVideo } from '#videos/tasks/process-video.ts'
import { sweep } from '#videos/tasks/sweep.ts'

/** Every kind of task there is: the built-in ones and those of TASKS_DIR. Nobody else knows them all. */
export async function loadKinds(config: Config): Promise<Kinds> {
  const storage = await openStorage(config.DATA_DIR)
  const tools = () => findMediaTools({ ffmpegPath: config.FFMPEG_PATH, ffprobePath: config.FFPROBE_PATH })

  const builtIn: Kind[] = [
    ...[add, processData, sleep, processVideo({ storage, tools })],
    ...[sweep({ storage }), expireResults({ historyExpires: config.HISTORY_EXPIRES, remember })]
  ]
  const own = config.TASKS_DIR === undefined ? [] : await loadFolder(config.TASKS_DIR)

  const kinds = new Map<string, Kind>()
  const origins = new Map<string, string>()
  for (const { kind, origin } of [...builtIn.map(kind => ({ kind, origin: 'the built-in ones' })), ...own]) {
    const taken = origins.get(kind.name)
    if (taken) throw new Error(`${origin} defines the task "${kind.name}", which is among ${taken} already`)
    kinds.set(kind.name, kind)
    origins.set(kind.name, origin)
  }
  return kinds
}

/** Loaded when there is something to write down: the child processes, which know every kind, have no database. */
async function remember(trx: InTransaction, ended: Ended[]) {
  const lost = ended.filter(({ state, video_id }) => state !== 'SUCCESS' && video_id !== null)
  if (lost.length === 0) return
  const { keepFailures } = await import('#videos/queries.ts')
  await keepFailures(trx, lost)
}

async function loadFolder(given: string) {
  // Modules know themselves by their real path, also where the folder is reached through a link.
  const folder = await realpath(given).catch(unreadable)
  resolveOurs(folder)
  const files = await readdir(folder).catch(unreadable)
  const modules = files.filter(file => /^[^._].*(?<!\.d)\.[cm]?[jt]s$/.test(file)).sort()
  const own = await Promise.all(
    modules.map(async file => {
      const origin = path.join(given, file)
      const module = await import(pathToFileURL(path.join(folder, file)).href).catch(error => {
        throw new Error(`${origin} cannot be loaded: ${error.message}`, { cause: error })
      })
      if (isHelper(module)) return []
      const kind = module.default as Kind | undefined
      if (typeof kind?.run !== 'function' || typeof kind.name !== 'string' || !kind.args) {
        throw new Error(`${origin} has no task: write "export default defineTask({ … })"`)
      }
      // What was not made by defineTask is now: a kind always has its defaults.
      try {
        return [{ kind: defineTask(kind), origin }]
      } catch (error) {
        throw new Error(`${origin} cannot be used: ${(error as Error).message}`, { cause: error })
      }
    })
  )
  return own.flat()
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

/** A folder of tasks needs no node_modules: what it imports from us is ours, the very same copy. */
function resolveOurs(folder: string) {
  folders.add(`${pathToFileURL(folder).href}/`)
  if (folders.size > 1) return
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
