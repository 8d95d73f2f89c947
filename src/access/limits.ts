import { LimitExceeded } from '#errors.ts'

/** What a key may not go beyond, whatever its scopes. Without a field there is no such limit. */
export interface KeyLimits {
  /** Kinds whose tasks it may submit and steer. */
  kinds?: string[]
  queues?: string[]
  max_priority?: number
  /** Open tasks of its own at a time. */
  max_pending?: number
  max_time_limit?: number
  max_retries?: number
  max_upload_bytes?: number
  /** Requests a second, and at once. */
  rate?: number
  burst?: number
  /** Networks that it may be used from, as `10.1.0.0/16`. */
  networks?: string[]
  /** It sees only what it has created. */
  own?: boolean
}

interface Work {
  task?: string | undefined
  queue?: string | undefined
  priority?: number | undefined
  max_retries?: number | undefined
  time_limit?: number | undefined
}

/** Refuses work that a key may not ask for, or touch. Fields that are not given are not looked at. */
export function refuseBeyond(limits: KeyLimits | undefined, { task, queue, priority, max_retries, time_limit }: Work) {
  if (!limits) return
  const { kinds, queues } = limits
  if (task !== undefined && kinds && !kinds.includes(task)) throw beyond('kinds', `it may not use the kind "${task}"`)
  if (queue !== undefined && queues && !queues.includes(queue)) {
    throw beyond('queues', `it may not use the queue "${queue}"`)
  }
  refuseAbove(limits, 'max_priority', priority)
  refuseAbove(limits, 'max_retries', max_retries)
  refuseAbove(limits, 'max_time_limit', time_limit)
}

function refuseAbove(
  limits: KeyLimits,
  name: 'max_priority' | 'max_retries' | 'max_time_limit',
  value: number | undefined
) {
  const most = limits[name]
  if (value !== undefined && most !== undefined && value > most) throw beyond(name, `at most ${most}, not ${value}`)
}

/** With the field, as answers to many tasks name each that does not fit. */
export function beyond(limit: keyof KeyLimits, message: string) {
  return Object.assign(new LimitExceeded(limit, message), {
    errors: [{ field: fields[limit] ?? '', message: `is beyond the key's limit "${limit}": ${message}` }]
  })
}

const fields: Partial<Record<keyof KeyLimits, string>> = {
  kinds: 'task',
  queues: 'queue',
  max_priority: 'priority',
  max_retries: 'max_retries',
  max_time_limit: 'time_limit'
}
