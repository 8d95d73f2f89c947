import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Ledger } from '../ledger.ts'
import type { Random } from '../random.ts'
import { send } from './processes.ts'

const program = path.resolve(import.meta.dirname, '../../../src/cli.ts')
// A process that stops ends itself after half a minute at the latest.
const longestStop = 45_000

/** A process that is started again whenever it has ended, as a supervisor would. */
export interface Post {
  readonly name: string
  readonly pid: number | undefined
  /** Its log has said that it is ready. */
  readonly ready: boolean
  readonly frozen: boolean
  /** Sends a signal that ends it. */
  end(signal: 'SIGKILL' | 'SIGTERM'): number | undefined
  freeze(): number | undefined
  thaw(): void
  /** Stops the process without starting another. */
  stop(): Promise<void>
}

interface Needs {
  name: string
  command: string[]
  env: NodeJS.ProcessEnv
  /** The text in its log that means ready. */
  sign: string
  folder: string
  ledger: Ledger
  random: Random
}

/** What is known of the process at a post, which is another one after each end. */
interface State {
  current: ChildProcess | undefined
  ready: boolean
  /** A signal was sent that ends it. */
  told: boolean
  frozen: boolean
  stopping: boolean
}

export function fill(needs: Needs): Post {
  const { name, ledger } = needs
  const log = createWriteStream(path.join(needs.folder, `${name}.log`), { flags: 'a' })
  // A process may still write while the log is closed.
  log.on('error', () => {})
  const state: State = { current: undefined, ready: false, told: false, frozen: false, stopping: false }
  const keeping = keep(needs, state, log)
  let stopped: Promise<void> | undefined

  async function stop() {
    state.stopping = state.told = true
    send(state.current?.pid, 'SIGCONT')
    send(state.current?.pid, 'SIGTERM')
    const over = new AbortController()
    await Promise.race([keeping, delay(longestStop, undefined, { signal: over.signal }).catch(() => {})])
    over.abort()
    if (state.current) {
      ledger.surprises.push(`${name} (pid ${state.current.pid}) did not stop within ${longestStop / 1000} s`)
      send(state.current.pid, 'SIGKILL')
      await keeping
    }
    log.end()
  }

  return {
    name,
    get pid() {
      return state.current?.pid
    },
    get ready() {
      return state.ready
    },
    get frozen() {
      return state.frozen
    },
    end(signal) {
      // A process that is still starting has no handler for SIGTERM yet, and its start is not what is tested here.
      if (signal === 'SIGTERM' && !state.ready) return undefined
      state.told = true
      return send(state.current?.pid, signal) ? state.current?.pid : undefined
    },
    freeze() {
      state.frozen = send(state.current?.pid, 'SIGSTOP')
      return state.frozen ? state.current?.pid : undefined
    },
    thaw() {
      if (state.frozen) send(state.current?.pid, 'SIGCONT')
      state.frozen = false
    },
    stop: () => (stopped ??= stop())
  }
}

/** Starts the process again and again until the post is to stop. */
async function keep({ name, command, env, sign, ledger, random }: Needs, state: State, log: Writable) {
  while (!state.stopping) {
    state.ready = state.told = state.frozen = false
    // In a session of its own: a Ctrl-C reaches only this program, which stops the rest in order.
    const next = spawn(process.execPath, [program, ...command], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    state.current = next
    next.stderr!.pipe(log, { end: false })
    createInterface({ input: next.stdout! }).on('line', line => {
      log.write(`${line}\n`)
      if (line.includes(sign)) state.ready = true
    })
    const [code, signal] = await once(next, 'exit')
    // Without a database a start may fail; a process that was ready must survive everything but our signals.
    if (state.ready && !state.told) {
      ledger.surprises.push(`${name} (pid ${next.pid}) ended by itself with ${signal ?? code}`)
    }
    if (state.ready && state.told && code !== 0 && signal !== 'SIGKILL') {
      ledger.surprises.push(`${name} (pid ${next.pid}) was told to stop and ended with ${signal ?? code}`)
    }
    state.current = undefined
    if (state.stopping) return
    ledger.gone.add(next.pid!)
    await delay(random.between(100, 1_500))
  }
}
