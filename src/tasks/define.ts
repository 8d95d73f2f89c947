import type { Static, TSchema } from 'typebox'
import type { Database, InTransaction } from '#database/connect.ts'

/** What the body of a task gets besides its arguments. */
export interface Context {
  /** The task's id. */
  id: string
  /** 1 for the first try. */
  attempt: number
  /** Aborts when the task is to stop: cancelled, out of its soft time limit, the worker shutting down. */
  signal: AbortSignal
  /** How far it is, from 0 to 1, and anything worth showing beside it. Call it as often as you like. */
  progress(fraction: number, detail?: unknown): void
  /** A line for the worker's log. */
  log(line: string): void
}

/** How often and how long after each other a task is tried; Celery's names. Delays in seconds. */
export interface RetrySettings {
  max_retries: number
  retry_delay: number
  retry_backoff: boolean
  retry_backoff_max: number
  retry_jitter: boolean
}

/** An attempt by name: enough to find what it left on the disk. */
export interface AttemptOf<Args> {
  id: string
  attempt: number
  args: Args
}

export interface Definition<Args extends TSchema, Result> extends Partial<RetrySettings> {
  /** What callers name it by. */
  name: string
  args: Args
  /** What it does, in a sentence. */
  description?: string
  /** Where it waits when the caller does not say. */
  queue?: string
  /** 0 to 9, higher first. */
  priority?: number
  /** Seconds after which its process group is killed. */
  time_limit?: number
  /** Seconds after which its signal aborts, so that it can tidy up. */
  soft_time_limit?: number
  /** Its promise to report progress: seconds without any after which its process group is killed. */
  stall_limit?: number
  /** Seconds that its result stays readable. */
  result_expires?: number
  /**
   * `inline` runs in the worker's own event loop: for short I/O that needs the database. Nobody can kill it: where a
   * process group would be killed, it is given up, and what it still does counts for nothing.
   */
  pool?: 'child' | 'inline'
  run(args: Static<Args>, context: Context & { db: Database }): Promise<Result> | Result
  /**
   * Writes what a success means to other rows, in the transaction that ends the attempt: both or neither. It may
   * answer what is to be done once that is committed.
   */
  record?(
    trx: InTransaction,
    attempt: AttemptOf<Static<Args>>,
    result: Result
  ): Promise<undefined | (() => Promise<void>)>
  /** Removes what an attempt that did not succeed has left behind, once its processes are gone. */
  discard?(attempt: AttemptOf<Static<Args>>): Promise<void>
}

export type Kind<Args extends TSchema = any, Result = any> = Readonly<
  Definition<Args, Result> &
    BuiltIn &
    RetrySettings & {
      queue: string
      priority: number
      pool: 'child' | 'inline'
      /** Where it is defined, if that is a file of TASKS_DIR. */
      file?: string
    }
>

/** When a built-in kind runs by itself; in UTC. */
export interface OwnSchedule {
  /** Unique; the kind's name if it has only one. */
  name?: string
  cron: string
}

/** What only a built-in kind may say of itself. */
interface BuiltIn {
  schedules?: readonly OwnSchedule[]
}

/** Kinds by name. Who needs to know them all gets this; nobody looks for them. */
export type Kinds = ReadonlyMap<string, Kind>

export const defaults = {
  queue: 'default',
  priority: 0,
  pool: 'child',
  max_retries: 3,
  retry_delay: 1,
  retry_backoff: true,
  retry_backoff_max: 600,
  retry_jitter: false
} as const

/** Told on stderr by whoever starts; its child processes need not say it again. */
export const taskWarning = 'TaskWarning'

// What a definition may say, once more: the types of a module in TASKS_DIR are taken out, and nobody checks them.
const settings: Record<keyof Definition<TSchema, unknown>, true> = {
  name: true,
  args: true,
  description: true,
  queue: true,
  priority: true,
  max_retries: true,
  retry_delay: true,
  retry_backoff: true,
  retry_backoff_max: true,
  retry_jitter: true,
  time_limit: true,
  soft_time_limit: true,
  stall_limit: true,
  result_expires: true,
  pool: true,
  run: true,
  record: true,
  discard: true
}

interface Range {
  whole?: boolean
  least: number
  most: number
}

const decade = 315_360_000
const numbers = {
  priority: { whole: true, least: 0, most: 9 },
  max_retries: { whole: true, least: 0, most: 10_000 },
  retry_delay: { least: 0, most: decade },
  retry_backoff_max: { least: 0, most: decade },
  time_limit: { least: 0.001, most: decade },
  soft_time_limit: { least: 0.001, most: decade },
  stall_limit: { least: 0.001, most: decade },
  result_expires: { whole: true, least: 1, most: decade }
} satisfies Record<string, Range>

const told = new Set<string>()

/** A definition is looked at again when it is loaded, and a folder by everybody in a process who needs its kinds. */
export function warnOnce(sentence: string) {
  if (!told.has(sentence)) process.emitWarning(sentence, taskWarning)
  told.add(sentence)
}

export function defineTask<Args extends TSchema, Result>(definition: Definition<Args, Result>): Kind<Args, Result> {
  const { name, run, args } = definition
  if (typeof name !== 'string' || !/^[\w.:-]{1,100}$/.test(name)) {
    throw new TypeError(`A task needs a name of letters, digits, "_", "-", "." and ":", not ${JSON.stringify(name)}`)
  }
  if (typeof run !== 'function') throw new TypeError(`The task "${name}" needs a function "run"`)
  if (typeof args !== 'object' || args === null) throw new TypeError(`The task "${name}" needs a schema "args"`)
  for (const key of Object.keys(definition)) {
    if (Object.hasOwn(settings, key)) continue
    // No reason to refuse it: a module may be written for a later version, too.
    warnOnce(`The task "${name}" has no setting ${JSON.stringify(key)}: it does nothing`)
  }
  const { queue = 'default' } = definition
  for (const [setting, { whole = false, least, most }] of Object.entries<Range>(numbers)) {
    const value = definition[setting as keyof typeof numbers]
    const fits = typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value))
    if (value === undefined || fits) continue
    const kind = whole ? 'a whole number' : 'a number'
    throw new TypeError(
      `The ${setting} of the task "${name}" must be ${kind} from ${least} to ${most}, not ${JSON.stringify(value)}`
    )
  }
  const { soft_time_limit: soft, time_limit: hard } = definition
  if (soft !== undefined && hard !== undefined && soft >= hard) {
    throw new TypeError(`The soft_time_limit of the task "${name}" must be less than its time_limit`)
  }
  if (!/^[\w.-]{1,100}$/.test(queue)) throw new TypeError(`The task "${name}" names a queue that cannot be: "${queue}"`)
  return Object.freeze({ ...defaults, ...definition })
}

export function defineBuiltIn<Args extends TSchema, Result>(definition: Definition<Args, Result> & BuiltIn) {
  const { schedules, ...rest } = definition
  return Object.freeze({ ...defineTask(rest as Definition<Args, Result>), schedules })
}

/** Why a task's signal aborts when its soft time limit is over: `signal.throwIfAborted()` throws it. */
export class SoftTimeLimit extends Error {
  override name = 'SoftTimeLimit'

  constructor() {
    super('It ran longer than its soft time limit')
  }
}

/** Throw it from a task's body to be tried again after so many seconds. It counts as a retry. */
export class RetryLater extends Error {
  override name = 'RetryLater'
  readonly seconds: number

  constructor(seconds: number, reason = `try again in ${seconds} s`) {
    super(reason)
    this.seconds = seconds
  }
}

/**
 * Throw it from a task's body when what it reads or writes is full or cannot be reached, and so not to blame. The task
 * is tried again later and later, for hours, without using up its retries.
 */
export class StoreOutage extends Error {
  override name = 'StoreOutage'
  /** Shown as `error.type`. */
  readonly type: 'StorageFull' | 'StorageUnavailable'

  constructor(type: StoreOutage['type'], reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.type = type
  }
}

/** Throw it from a task's body when another try would end the same way. */
export class GiveUp extends Error {
  override name = 'GiveUp'
  /** Shown as `error.type`. */
  readonly type: string

  constructor(reason: string, type = 'GiveUp', options?: ErrorOptions) {
    super(reason, options)
    this.type = type
  }
}
