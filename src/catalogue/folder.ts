import { readdir, readFile, realpath } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineTask, type Kind, warnOnce } from '#tasks/define.ts'
import { describeThrown } from '#tasks/thrown.ts'
import { type Loading, loadInTurn } from './loading.ts'

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

/** The kind of one file. */
export async function loadFile(file: string): Promise<Kind | undefined> {
  resolveOurs(path.dirname(file))
  return kindIn(await import(pathToFileURL(file).href), file)
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
