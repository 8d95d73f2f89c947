import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { describeThrown } from '#tasks/thrown.ts'

export interface Module {
  file: string
  /** The same as whoever has set TASKS_DIR knows it. */
  origin: string
}

export interface Loaded extends Module {
  exports: Record<string, unknown>
}

export interface Loading {
  /** How long each may take. */
  seconds?: number
  signal?: AbortSignal | undefined
}

/** Whose turn it is stands in memory that both threads see: one that computes never comes to send anything. */
export interface Watched {
  origins: string[]
  seconds: number
  turn: Int32Array
}

// Seconds. Until then nothing is served, and nothing says why.
const patience = 30

/**
 * Imports modules one after the other, so that it is known which one throws, waits for ever, computes for ever or ends
 * the process. After the first two it rejects, after the others there is no process; each is named in a sentence.
 */
export async function loadInTurn(modules: Module[], { seconds = patience, signal }: Loading): Promise<Loaded[]> {
  const watch = watchTurns(
    modules.map(({ origin }) => origin),
    seconds
  )
  const loaded: Loaded[] = []
  try {
    for (const { file, origin } of modules) {
      const exports = await within(seconds, import(pathToFileURL(file).href), signal).catch(error => {
        throw new Error(`${origin} cannot be loaded: ${describeThrown(error, 'it').message}`, { cause: error })
      })
      loaded.push({ file, origin, exports })
      watch.next()
    }
    return loaded
  } finally {
    watch.end()
  }
}

/** The timer also keeps the process: with nothing else to do Node.js would end it, and not say which module it was. */
async function within<T>(seconds: number, loading: Promise<T>, signal?: AbortSignal): Promise<T> {
  const over = new AbortController()
  const giveUp = async () => {
    await delay(seconds * 1000, undefined, { signal: AbortSignal.any([over.signal, ...(signal ? [signal] : [])]) })
    throw new Error(`at its top level, or at that of one it imports, it still waits after ${seconds} s`)
  }
  try {
    return await Promise.race([loading, giveUp()])
  } finally {
    over.abort()
  }
}

function watchTurns(origins: string[], seconds: number) {
  const turn = new Int32Array(new SharedArrayBuffer(4))
  if (origins.length > 0) startThread({ origins, seconds, turn })
  process.on('exit', tell)

  /** Exit code 0 would say that all is well. */
  function tell() {
    console.error(
      `${origins[turn[0]!]} cannot be loaded: at its top level, or at that of one it imports, it ends the process`
    )
    process.exitCode = 1
  }

  function set(value: number) {
    Atomics.store(turn, 0, value)
    Atomics.notify(turn, 0)
  }

  return {
    next: () => set(turn[0]! + 1),
    end() {
      process.off('exit', tell)
      set(origins.length)
    }
  }
}

function startThread(watched: Watched) {
  // What this process was told to load at its start is none of its business.
  const thread = new Worker(new URL('./loading-thread.ts', import.meta.url), { workerData: watched, execArgv: [] })
  thread.unref()
  // Without it everything goes on, as long as no module computes for ever.
  thread.on('error', () => {})
}
