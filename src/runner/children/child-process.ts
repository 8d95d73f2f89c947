import { fork, type ChildProcess as NodeChild } from 'node:child_process'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { taskWarning } from '#tasks/define.ts'
import { Tail } from '#tasks/log/tail.ts'
import { hasLeftovers } from './leftovers.ts'
import type { Finished, FromChild, Run, Source, StopReason, ToChild } from './protocol.ts'
import { seenMemory } from './seen-memory.ts'
import { endStrays, mark as markName } from './strays.ts'

const program = path.join(import.meta.dirname, 'child.ts')

/** Milliseconds that a body has for cleanup after a stop request. */
export const graceful = 1_000
// A process that has left the group may hold the output open for ever.
const lastOutput = 500

export interface Exit {
  type: 'exit'
  exit_code: number | null
  signal: string | null
  /** Bytes, from the last sample, or from before the attempt; null where memory cannot be read. */
  peak_memory: number | null
  stderr: string
}

export interface Listener {
  loading(): void
  started(at: Date): void
  progress(fraction: number, detail: unknown): void
  log(line: string): void
}

interface ChildOptions {
  env: NodeJS.ProcessEnv
  databaseUrl: string
  /** Kinds to preload. */
  kinds: Source[]
  /** Environment mark of this child and of all its descendants. */
  mark: string
}

/** A child process and its group. It runs one attempt at a time and may be reused. */
export class Child {
  readonly ready: Promise<void>
  /** Resolves when the pipe is closed: no more attempts. The last output may still be in transit. */
  readonly left: Promise<void>
  /** Resolves when the process has ended and all of its output is read. */
  readonly gone: Promise<Exit>
  attempts = 0
  /** Peak bytes of the process itself during its last attempt. */
  peakMemory = 0
  #process: NodeChild
  #marked: string
  #databaseUrl: string
  #tail = new Tail()
  #memory: ReturnType<typeof seenMemory>
  #listener: Listener | undefined
  #finish: ((finished: Finished) => void) | undefined
  #stopping = false

  constructor({ env, databaseUrl, kinds, mark }: ChildOptions) {
    this.#marked = mark
    this.#databaseUrl = databaseUrl
    // Detached: the child leads a process group, so that signals also reach the processes of a body.
    this.#process = fork(program, {
      detached: true,
      env: { ...env, [markName]: mark },
      execArgv: ['--disable-warning=ExperimentalWarning', `--disable-warning=${taskWarning}`],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc']
    })
    this.#memory = seenMemory(this.pid)
    for (const output of [this.#process.stdout, this.#process.stderr]) {
      output?.setEncoding('utf8').on('data', chunk => this.#tail.add(chunk))
    }

    this.left = new Promise(resolve => {
      for (const event of ['disconnect', 'exit', 'error']) this.#process.once(event, () => resolve())
    })
    const { promise: ready, resolve: isReady, reject: isBroken } = Promise.withResolvers<void>()
    this.ready = ready
    this.ready.catch(() => {})
    this.gone = new Promise(resolve => {
      let over = false
      const end = (exit_code: number | null, signal: string | null) => {
        if (over) return
        over = true
        this.#process.stdout?.destroy()
        this.#process.stderr?.destroy()
        isBroken(new Error(`The child process did not start: ${this.#tail.text.trim() || `exit code ${exit_code}`}`))
        resolve({ type: 'exit', exit_code, signal, peak_memory: this.#memory.last, stderr: this.#tail.text })
      }
      this.#process.once('exit', (exit_code, signal) => {
        // Its descendants end with it; else they would hold the output open and run on beside the next attempt.
        this.#signal('SIGKILL')
        setTimeout(end, lastOutput, exit_code, signal)
      })
      this.#process.once('close', end)
      this.#process.once('error', error => {
        this.#tail.add(String(error))
        if (this.#process.pid === undefined) end(null, null)
      })
    })
    this.#process.on('message', (message: FromChild) => this.#hear(message, isReady))
    this.#send({ type: 'warm', kinds })
  }

  get pid() {
    return this.#process.pid
  }

  /** True when it can take another attempt. */
  get usable() {
    return !this.#stopping && this.#process.connected && this.#process.exitCode === null
  }

  /** Runs one attempt to its end: result, error, or exit of the process. What it says goes to the tail. */
  async run(run: Run, listener: Listener, tail: Tail): Promise<Finished | Exit> {
    this.attempts++
    this.#tail = tail
    this.#memory.begins()
    this.#listener = listener
    const finished = new Promise<Finished>(resolve => {
      this.#finish = resolve
    })
    this.#send(run)
    const end = await Promise.race([finished, this.gone])
    this.#listener = undefined
    this.#finish = undefined
    if (end.type === 'exit') return end
    this.peakMemory = end.peak_memory ?? 0
    return { ...end, peak_memory: this.#memory.ends(end) }
  }

  /** Aborts the body's signal; the body may take its time. */
  abort(reason: StopReason) {
    this.#send({ type: 'abort', reason })
  }

  /** Samples the memory of its attempt. */
  look() {
    return this.#memory.lookAround()
  }

  /** Whether processes that its attempts have started still run. */
  async hasLeftovers() {
    return this.pid !== undefined && (await hasLeftovers(this.pid, this.#marked))
  }

  /**
   * Ends the whole group, by SIGTERM and then by SIGKILL. Resolves when no process of the group is left; after a
   * stopped attempt, also none that has left the group.
   */
  async stop({ nicely = true } = {}) {
    this.#stopping = true
    this.#memory.look()
    if (nicely && this.#process.exitCode === null) {
      this.#signal('SIGTERM')
      await Promise.race([this.gone, delay(graceful)])
    }
    this.#signal('SIGKILL')
    await this.gone
    // The leader is gone; the rest of the group gets SIGKILL until the kernel has removed it.
    for (let left = 100; left > 0 && this.#signal('SIGKILL'); left--) await delay(10)
    if (nicely) await endStrays(this.#marked)
  }

  #signal(signal: NodeJS.Signals) {
    if (this.#process.pid === undefined) return false
    try {
      return process.kill(-this.#process.pid, signal)
    } catch {
      return false
    }
  }

  #send(message: ToChild) {
    if (this.#process.connected) this.#process.send(message, () => {})
  }

  #hear(message: FromChild, isReady: () => void) {
    switch (message.type) {
      case 'ready':
        this.#memory.ready()
        return isReady()
      case 'loading':
        return this.#listener?.loading()
      case 'started':
        return this.#listener?.started(new Date(message.at))
      case 'progress':
        return this.#listener?.progress(message.fraction, message.detail)
      case 'log':
        // The last log lines are kept with the attempt, like the last lines of output.
        this.#tail.add(`${message.line}\n`)
        return this.#listener?.log(message.line)
      case 'database':
        return this.#send({ type: 'database', url: this.#databaseUrl })
      case 'success':
      case 'failure':
        return this.#finish?.(message)
    }
  }
}
