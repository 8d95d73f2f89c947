import type { RelativeTime, SubmittedColumn } from '#tasks/columns.ts'

/** A validated task with its id and defaults. Times may be relative to the database's clock. */
export interface NewTask {
  id: string
  task: string
  queue: string
  args: unknown
  name?: string
  description?: string
  priority: number
  max_retries: number
  retry_delay?: number
  retry_backoff?: boolean
  retry_backoff_max?: number
  retry_jitter?: boolean
  time_limit?: number
  soft_time_limit?: number
  result_expires: number
  /** When it may start, as a time or in seconds from now. */
  eta?: string
  countdown?: number
  /** When it must have started, as a time or in seconds from now. */
  expires_at?: string
  expires_in?: number
  tags?: string[]
  schedule_id?: string
  video_id?: string
  /** X-Request-Id of the request that submits it. */
  request_id?: string
  /** Its place in a trace. */
  traceparent?: string
  /** Name of the key that submits it. */
  created_by?: string
  /** Family of that key, where the key is limited to its own tasks, or in their number. */
  owner?: string
  /** Webhook that is told of its end. */
  webhook_id?: string
}

// The list of columns and the interface name the same fields, or this does not compile.
type Submitted = SubmittedColumn | RelativeTime
true satisfies [keyof NewTask, Submitted] extends [Submitted, keyof NewTask] ? true : never
