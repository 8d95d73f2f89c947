import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Ledger } from './ledger.ts'
import { send } from './processes.ts'
import type { Random } from './random.ts'

const program = path.resolve(import.meta.dirname, '../../src/cli.ts')
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

export function fill({ name, command, env, sign, folder, ledger, random }: Needs): Post {
  const log = createWriteStream(path.join(folder, `${name}.log`), { flags: 'a' })
  // A process may still write while the log is closed.
  log.on('error', () => {})
  let current: ChildProcess | undefined
  let ready = false
  let told = false
  let frozen = false
  let stopping = false

  async function keep() {
    while (!stopping) {
      ready = told = frozen = false
      // In a session of its own: a Ctrl-C reaches only this program, which stops the rest in order.
      const next = spawn(process.execPath, [program, ...command], {
        env,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe']
      })
      current = next
      next.stderr!.pipe(log, { end: false })
      createInterface({ input: next.stdout! }).on('line', line => {
        log.write(`${line}\n`)
        if (line.includes(sign)) ready = true
      })
      const [code, signal] = await once(next, 'exit')
      // Without a database a start may fail; a process that was ready must survive everything but our signals.
      if (ready && !told) ledger.surprises.push(`${name} (pid ${next.pid}) ended by itself with ${signal ?? code}`)
      if (ready && told && code !== 0 && signal !== 'SIGKILL') {
        ledger.surprises.push(`${name} (pid ${next.pid}) was told to stop and ended with ${signal ?? code}`)
      }
      current = undefined
      if (stopping) return
      ledger.gone.add(next.pid!)
      await delay(random.between(100, 1_500))
    }
  }
  const keeping = keep()
  let stopped: Promise<void> | undefined

  async function stop() {
    stopping = told = true
    send(current?.pid, 'SIGCONT')
    send(current?.pid, 'SIGTERM')
    const over = new AbortController()
    await Promise.race([keeping, delay(longestStop, undefined, { signal: over.signal }).catch(() => {})])
    over.abort()
    if (current) {
      ledger.surprises.push(`${name} (pid ${current.pid}) did not stop within ${longestStop / 1000} s`)
      send(current.pid, 'SIGKILL')
      await keeping
    }
    log.end()
  }

  return {
    name,
    get pid() {
      return current?.pid
    },
    get ready() {
      return ready
    },
    get frozen() {
      return frozen
    },
    end(signal) {
      // A process that is still starting has no handler for SIGTERM yet, and its start is not what is tested here.
      if (signal === 'SIGTERM' && !ready) return undefined
      told = true
      return send(current?.pid, signal) ? current?.pid : undefined
    },
    freeze() {
      frozen = send(current?.pid, 'SIGSTOP')
      return frozen ? current?.pid : undefined
    },
    thaw() {
      if (frozen) send(current?.pid, 'SIGCONT')
      frozen = false
    },
    stop: () => (stopped ??= stop())
  }
}
