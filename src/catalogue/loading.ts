import { writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { describeThrown } from '#tasks/thrown.ts'
import { locate } from './locate.ts'

export interface Module {
  file: string
  /** The same path as the operator wrote it in TASKS_DIR. */
  origin: string
}

export interface Loaded extends Module {
  exports: Record<string, unknown>
}

export interface Loading {
  /** Timeout of each module. */
  seconds?: number
  signal?: AbortSignal | undefined
  /** Names each module on stderr before its import. */
  verbose?: boolean
}

const longest = 30
const ends = 'cannot be loaded: its top level, or that of a module it imports, ends the process'

/**
 * Imports modules one after the other, and returns those that load and a sentence for each that does not. A module that
 * never finishes loading ends this with a sentence. A module that computes for ever blocks the process; then the last
 * "loading …" on the terminal, or in the log at level `debug`, is its name.
 */
export async function loadInTurn(modules: Module[], { seconds = longest, signal, verbose = false }: Loading) {
  const loaded: Loaded[] = []
  const problems: string[] = []
  let current = ''
  // Exit code 0 would say that all is well.
  const onExit = () => {
    writeSync(2, `${current} ${ends}\n`)
    process.exitCode = 1
  }
  process.on('exit', onExit)
  try {
    for (const { file, origin } of modules) {
      current = origin
      announce(origin, verbose)
      const loading = import(pathToFileURL(file).href).then(
        exports => loaded.push({ file, origin, exports }),
        error => problems.push(sentenceOf(error, { file, origin }))
      )
      if (await within(seconds, loading, signal)) continue
      problems.push(`${origin} cannot be loaded: its top level, or that of a module it imports, waits for ${seconds} s`)
      break
    }
  } finally {
    process.off('exit', onExit)
    if (process.stderr.isTTY) writeSync(2, '\r\x1b[K')
  }
  return { loaded, problems }
}

/** Past the log, which writes later: a module that blocks the process would hold the line back. */
function announce(origin: string, verbose: boolean) {
  if (verbose) writeSync(2, `loading ${origin}\n`)
  else if (process.stderr.isTTY) writeSync(2, `\rloading ${origin}\x1b[K`)
}

/** False at a timeout. The timer also keeps the process alive, which Node.js would otherwise end. */
async function within(seconds: number, loading: Promise<unknown>, signal?: AbortSignal) {
  const over = new AbortController()
  const timeout = delay(seconds * 1000, false, { signal: AbortSignal.any([over.signal, ...(signal ? [signal] : [])]) })
  try {
    return (await Promise.race([loading, timeout])) !== false
  } finally {
    over.abort()
    timeout.catch(() => {})
  }
}

function sentenceOf(error: unknown, { file, origin }: Module) {
  const { message } = describeThrown(error, 'it')
  const place = locate(error, file)
  if (!place) return `${origin} cannot be loaded: ${message}`
  const at = `:${place.line}:${place.column}`
  return place.file === file
    ? `${origin}${at} cannot be loaded: ${message}`
    : `${origin} cannot be loaded: ${message} (at ${place.file}${at})`
}
