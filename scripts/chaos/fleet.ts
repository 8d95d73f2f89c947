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
// The last resort of a process that stops is half a minute.
const longestStop = 45_000

/** A place that is filled again whenever whoever held it is gone, as a supervisor would. */
export interface Post {
  readonly name: string
  readonly pid: number | undefined
  /** It has said that it is ready for work. */
  readonly ready: boolean
  readonly frozen: boolean
  /** Sends a signal that ends it. */
  end(signal: 'SIGKILL' | 'SIGTERM'): number | undefined
  freeze(): number | undefined
  thaw(): void
  /** For good. */
  stop(): Promise<void>
}

interface Needs {
  name: string
  command: string[]
  env: NodeJS.ProcessEnv
  /** What its log says when it is ready. */
  sign: string
  folder: string
  ledger: Ledger
  random: Random
}

export function fill({ name, command, env, sign, folder, ledger, random }: Needs): Post {
  const log = createWriteStream(path.join(folder, `${name}.log`), { flags: 'a' })
  // Last words may come late.
  log.on('error', () => {})
  let current: ChildProcess | undefined
  let ready = false
  let told = false
  let frozen = false
  let stopping = false

  async function keep() {
    while (!stopping) {
      ready = told = frozen = false
      // In a session of its own: a Ctrl-C is for us, and what has to stop is told by us.
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
      // While there is no database nothing can start; one that has been at work is to come through everything.
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
      // Before it is up it knows no manners, and what it is told to do is not what is tried here.
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
