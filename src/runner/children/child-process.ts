import { fork, type ChildProcess as NodeChild } from 'node:child_process'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { taskWarning } from '#tasks/define.ts'
import { Tail } from '#tasks/log/tail.ts'
import type { Exit } from './exit.ts'
import { hasLeftovers } from './leftovers.ts'
import { Line, type Listener, type Place } from './line.ts'
import type { FromChild, Run, Source, StopReason, ToChild } from './protocol.ts'
import { seenMemory } from './seen-memory.ts'
import { endStrays, mark as markName } from './strays.ts'

const program = path.join(import.meta.dirname, 'inside/child.ts')

/** Milliseconds that a body has for cleanup after a stop request. */
export const graceful = 1_000
// A process that has left the group may hold the output open for ever.
const lastOutput = 500

interface ChildOptions {
  env: NodeJS.ProcessEnv
  databaseUrl: string
  /** Kinds to preload. */
  kinds: Source[]
  /** Environment mark of this child and of all its descendants. */
  mark: string
}

/** A child process and its group. It runs the attempts in its line one at a time and may be reused. */
export class Child {
  readonly ready: Promise<void>
  /** Resolves when the pipe is closed: no more attempts. The last output may still be in transit. */
  readonly left: Promise<void>
  /** Resolves when the process has ended and all of its output is read. */
  readonly gone: Promise<Exit>
  /** Attempts that it has got, counted by the pool. */
  attempts = 0
  readonly #line = new Line(message => this.#send(message))
  /** Peak bytes of the process itself during its last attempt. */
  peakMemory = 0
  #process: NodeChild
  #marked: string
  #databaseUrl: string
  #early = new Tail()
  #memory: ReturnType<typeof seenMemory>
  #stopping = false
  /** The attempt that a stop is for. */
  #target: Place | undefined
  #leaving = false
  #printed: string[] = []

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
      output?.setEncoding('utf8').on('data', chunk => this.#print(chunk))
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
        this.#attribute()
        const stderr = this.#tail.text
        isBroken(new Error(`The child process did not start: ${stderr.trim() || `exit code ${exit_code}`}`))
        const isForAnother = this.#stopping && this.#line.first !== this.#target
        const exit: Exit = { type: 'exit', exit_code, signal, peak_memory: this.#memory.last, stderr, isForAnother }
        this.#line.end(exit, !this.#leaving)
        resolve(exit)
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

  /** Milliseconds for which its attempt has run. */
  get running() {
    return this.#line.running
  }

  /** Appends an attempt to the line. What it says goes to the tail. */
  run(run: Omit<Run, 'number'>, listener: Listener, tail: Tail): Place {
    if (!this.usable) return this.#line.refuse(listener, tail)
    const begins = () => {
      this.#memory.begins()
      listener.begins()
    }
    return this.#line.add(run, { ...listener, begins }, tail)
  }

  /** Goes on with the next attempt, after one whose end says that the child waits. */
  goOn(place: Place) {
    this.#line.goOn(place)
  }

  /** Takes an attempt that has not begun out of the line. Resolves to whether its body never runs. */
  drop(place: Place) {
    return this.#line.drop(place)
  }

  /** Takes out all that have not begun. */
  dropRest() {
    this.#line.dropRest()
  }

  /** Aborts the body's signal; the body may take its time. */
  abort({ number }: Place, reason: StopReason) {
    this.#send({ type: 'abort', number, reason })
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
   * Ends the whole group for the sake of an attempt, by SIGTERM and then by SIGKILL. Resolves when no process of the group is left; after a
   * stopped attempt, also none that has left the group.
   */
  async stop({ nicely = true, target }: { nicely?: boolean; target?: Place } = {}) {
    this.#target ??= target
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

  get #tail() {
    return this.#line.tail ?? this.#early
  }

  /** The end of the attempt before may be in the other pipe still, and is read in the same turn. */
  #print(chunk: string) {
    if (this.#printed.length === 0) setImmediate(() => this.#attribute())
    this.#printed.push(chunk)
  }

  #attribute() {
    for (const chunk of this.#printed) this.#tail.add(chunk)
    this.#printed = []
  }

  #hear(message: FromChild, isReady: () => void) {
    switch (message.type) {
      case 'ready':
        this.#memory.ready()
        return isReady()
      case 'database':
        return this.#send({ type: 'database', url: this.#databaseUrl })
      case 'leaving':
        this.#leaving = true
        return
      case 'success':
      case 'failure':
        this.peakMemory = message.peak_memory ?? 0
        return this.#line.hear({ ...message, peak_memory: this.#memory.ends(message) })
      default:
        return this.#line.hear(message)
    }
  }
}
