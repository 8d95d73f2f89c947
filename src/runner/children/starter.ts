import { v7 as uuid } from 'uuid'
import { Child } from './child-process.ts'
import { stepBack } from './priority.ts'
import type { Source } from './protocol.ts'
import { endStrays } from './strays.ts'
import { watchdog } from './watchdog.ts'

export interface StarterOptions {
  env: NodeJS.ProcessEnv
  /** The worker's database, for bodies that submit tasks. */
  databaseUrl: string
  /** Milliseconds that a child may take to become ready. */
  longestStart?: number
}

// Below API and database, and below the worker, whose heartbeat must not wait for a film.
const childNice = 10
// A service has many kinds and runs a few of them most of the time.
const mostRemembered = 8

/** Starts the children of a pool, which load the kinds that ran lately before they are asked for one. */
export class ChildStarter {
  readonly #env: NodeJS.ProcessEnv
  readonly #databaseUrl: string
  readonly #longestStart: number
  readonly #pool = `${uuid()}:`
  readonly #dog = watchdog(this.#pool)
  readonly #recent = new Map<string, Source>()
  readonly #starting = new Set<Child>()
  #started = 0

  constructor({ env, databaseUrl, longestStart = 30_000 }: StarterOptions) {
    this.#env = env
    this.#databaseUrl = databaseUrl
    this.#longestStart = longestStart
  }

  start(): Child {
    const child = new Child({
      env: this.#env,
      databaseUrl: this.#databaseUrl,
      kinds: [...this.#recent.values()],
      mark: `${this.#pool}${++this.#started}.`
    })
    const { pid } = child
    if (pid !== undefined) {
      this.#dog.watch(pid)
      stepBack(pid, childNice)
      void child.gone.then(() => this.#dog.forget(pid))
    }
    const late = setTimeout(() => void child.stop({ nicely: false }), this.#longestStart)
    this.#starting.add(child)
    child.ready
      // A preloaded module may be the cause.
      .catch(() => this.#recent.clear())
      .finally(() => {
        this.#starting.delete(child)
        clearTimeout(late)
      })
    return child
  }

  isStarting(child: Child) {
    return this.#starting.has(child)
  }

  /** Resolves when the child can take an attempt; rejects if it cannot, or if the attempt is stopped first. */
  ready(child: Child, signal: AbortSignal) {
    return this.isStarting(child) ? Promise.race([child.ready, aborted(signal)]) : child.ready
  }

  /** An attempt has not ended its child: those that are started from here on load its kind. */
  remember(source: Source) {
    this.#recent.delete(source.task)
    this.#recent.set(source.task, source)
    if (this.#recent.size > mostRemembered) this.#recent.delete(this.#recent.keys().next().value!)
  }

  /** Once its children have ended: also what they have left behind. */
  async close() {
    await endStrays(this.#pool)
    this.#dog.close()
  }
}

function aborted(signal: AbortSignal) {
  const { promise, reject } = Promise.withResolvers<never>()
  if (signal.aborted) reject(signal.reason)
  else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  return promise
}
