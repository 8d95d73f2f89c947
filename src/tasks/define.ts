import type { Pool } from 'pg'
import type { Static, TSchema } from 'typebox'
import type { Database, InTransaction } from '#database/connect.ts'

/** What a body gets besides its arguments. */
export interface Context {
  /** Id of the task. */
  id: string
  /** Number of the attempt, from 1. */
  attempt: number
  /** Aborts when the body is to stop: at a cancellation, at its soft time limit, when the worker stops. */
  signal: AbortSignal
  /** Reports progress, from 0 to 1, and any details to show beside it. May be called at any rate. */
  progress(fraction: number, detail?: unknown): void
  /** Writes a line to the worker's log. */
  log(line: string): void
  /**
   * Its place in a trace (W3C Trace Context), for headers of requests that the body sends; undefined outside of one.
   * Tasks that the body submits have it by themselves.
   */
  traceparent?: string | undefined
}

/** Number and delays of retries, by Celery's names. Delays are in seconds. */
export interface RetrySettings {
  max_retries: number
  retry_delay: number
  retry_backoff: boolean
  retry_backoff_max: number
  retry_jitter: boolean
}

/** Key and arguments of an attempt: enough to find its files. */
export interface AttemptOf<Args> {
  id: string
  attempt: number
  /** Id of its worker. */
  worker: string
  args: Args
}

/** What `POST /api/schedules` takes, without `task`. */
export interface KindSchedule extends Partial<RetrySettings> {
  /** Unique; default: the name of the kind. */
  name?: string
  args?: Record<string, unknown>
  cron?: string
  /** Seconds. */
  every?: number
  at?: string
  timezone?: string
  start_at?: string
  end_at?: string
  /** Seconds. */
  jitter?: number
  enabled?: boolean
  one_off?: boolean
  missed?: 'skip' | 'once' | 'all'
  missed_max?: number
  overlap?: 'allow' | 'skip'
  queue?: string
  priority?: number
  /** Seconds. */
  expires?: number
  time_limit?: number
  soft_time_limit?: number
  result_expires?: number
  description?: string
  note?: string
  tags?: string[]
}

export interface Definition<Args extends TSchema, Result> extends Partial<RetrySettings> {
  /** Name of the kind: `task` of a submission. */
  name: string
  args: Args
  /** What the kind does, in a sentence. */
  description?: string
  /** Queue for submissions that name none. */
  queue?: string
  /** 0 to 9, higher first; for submissions without a priority. */
  priority?: number
  /** Seconds after which the process group of an attempt is killed. */
  time_limit?: number
  /** Seconds after which the signal of an attempt aborts, so that its body can tidy up. */
  soft_time_limit?: number
  /** Seconds without progress after which the process group of an attempt is killed. */
  stall_limit?: number
  /** Seconds that a result stays readable. */
  result_expires?: number
  /**
   * `inline` bodies run in the worker's own event loop: for short I/O that needs the database. They cannot be killed:
   * where a process group would be killed, the attempt is abandoned, and what its body still does is ignored.
   */
  pool?: 'child' | 'inline'
  /** Schedules of this kind: put into the database when a worker starts. */
  schedules?: readonly KindSchedule[]
  run(args: Static<Args>, context: Context & { db: Database }): Promise<Result> | Result
  /**
   * Writes the outcome of a success to other rows, in the transaction that ends the attempt. It may answer a function
   * that runs after the commit.
   */
  record?(
    trx: InTransaction,
    attempt: AttemptOf<Static<Args>>,
    result: Result
  ): Promise<undefined | (() => Promise<void>)>
  /**
   * Whether the task goes on after this result, in other tasks that `record` submits: it stays started, without a worker,
   * until one of them ends it.
   */
  goesOn?(result: Result): boolean
  /** Called when progress of tasks of this kind was written; answers the ids of other tasks that it has changed. */
  reported?(pool: Pool, ids: string[]): Promise<string[]>
  /** Removes files of an attempt that did not succeed, once its processes are gone. */
  discard?(attempt: AttemptOf<Static<Args>>): Promise<void>
}

export type Kind<Args extends TSchema = any, Result = any> = Readonly<
  Definition<Args, Result> &
    RetrySettings & {
      queue: string
      priority: number
      pool: 'child' | 'inline'
      /** The module of TASKS_DIR that defines the kind, if one does. */
      file?: string
    }
>

/** Kinds by name. The catalogue loads them and passes them to every other component. */
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

/** Name of a warning that the starting process prints; its child processes do not repeat it. */
export const taskWarning = 'TaskWarning'

// The settings of a definition once more, for the check at runtime: Node strips the types of TASKS_DIR unchecked.
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
  schedules: true,
  run: true,
  record: true,
  goesOn: true,
  reported: true,
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

/** Once per process: a definition is checked when it is made and again when its module is loaded. */
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
    // A warning and no error: the module may be written for a later version.
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
  if (definition.schedules !== undefined && !Array.isArray(definition.schedules)) {
    throw new TypeError(`The schedules of the task "${name}" must be a list`)
  }
  if (!/^[\w.-]{1,100}$/.test(queue)) throw new TypeError(`The task "${name}" names a queue that cannot be: "${queue}"`)
  return Object.freeze({ ...defaults, ...definition })
}

/** The reason of a signal that aborts at the soft time limit: `signal.throwIfAborted()` throws it. */
export class SoftTimeLimit extends Error {
  override name = 'SoftTimeLimit'

  constructor() {
    super('It ran longer than its soft time limit')
  }
}

/** Thrown by a body, it retries the task after so many seconds. It counts as a retry. */
export class RetryLater extends Error {
  override name = 'RetryLater'
  readonly seconds: number

  constructor(seconds: number, reason = `try again in ${seconds} s`) {
    super(reason)
    this.seconds = seconds
  }
}

/**
 * Thrown by a body whose storage is full or cannot be reached. The task is retried for hours, with growing delays, and
 * without using up its retries.
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

/** Thrown by a body, it fails the task without another attempt. */
export class GiveUp extends Error {
  override name = 'GiveUp'
  /** Shown as `error.type`. */
  readonly type: string

  constructor(reason: string, type = 'GiveUp', options?: ErrorOptions) {
    super(reason, options)
    this.type = type
  }
}
