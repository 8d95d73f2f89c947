import type { Config } from '#config.ts'
import type { Kind, Kinds } from '#tasks/define.ts'
import { builtIn } from './built-in.ts'
import { loadFile, loadFolder } from './folder.ts'

/** The kinds whose bodies run ffmpeg on what users have uploaded. */
export const decodingKinds = ['process_video', 'process_video_part']

/** Every kind: the built-in ones and those of TASKS_DIR. Only this room knows them all. */
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
  const kind = await loadFile(file)
  if (kind?.name === name) return kind
  throw new Error(`${file} no longer defines the task "${name}"`)
}
