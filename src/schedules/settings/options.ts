/** Options of a submission that a schedule passes on to each of its tasks, beside those with a column of their own. */
export const options = [
  'expires',
  'max_retries',
  'retry_delay',
  'retry_backoff',
  'retry_backoff_max',
  'retry_jitter',
  'time_limit',
  'soft_time_limit',
  'result_expires'
] as const

export type Option = (typeof options)[number]
