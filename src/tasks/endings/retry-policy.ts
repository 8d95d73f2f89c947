import type { TaskError } from '#database/tables.ts'
import type { RetrySettings } from '#tasks/define.ts'
import type { Next } from './ending.ts'

// A task whose process crashes three times counts as the cause.
const crashBudget = 3
// Seconds, doubled up to half an hour, 16 times: five and a half hours to free space on a full disk.
const firstOutagePause = 30
const longestOutagePause = 1800
const outageBudget = 16

/** After a failure that may be retried. The delay doubles with each failure up to a cap; jitter draws it below that. */
export function afterFailure(failures: number, settings: RetrySettings, asked?: number): Next {
  if (failures >= settings.max_retries) return { state: 'FAILURE' }
  return { state: 'RETRY', delay: asked ?? delayOf(failures, settings) }
}

function delayOf(failures: number, { retry_delay, retry_backoff, retry_backoff_max, retry_jitter }: RetrySettings) {
  if (!retry_backoff) return retry_delay
  const delay = Math.min(retry_delay * 2 ** Math.min(failures, 100), retry_backoff_max)
  return retry_jitter ? delay * Math.random() : delay
}

/** After a crash: at once, because the task's body has not failed, and within a budget of its own. */
export function afterCrash(crashes: number, message: string): { error: TaskError; next: Next } {
  if (crashes + 1 >= crashBudget) {
    return {
      error: { type: 'poisoned', message: `${message}; that was crash number ${crashes + 1}, the last one allowed` },
      next: { state: 'FAILURE' }
    }
  }
  return { error: { type: 'crashed', message }, next: { state: 'RETRY', delay: 0 } }
}

/** After an outage of the store: the body has not failed, and an immediate retry would fail again. */
export function afterOutage(outages: number, error: TaskError): { error: TaskError; next: Next } {
  if (outages >= outageBudget) {
    return {
      error: { ...error, message: `${error.message}; that was try number ${outages + 1}, the last one allowed` },
      next: { state: 'FAILURE' }
    }
  }
  const delay = Math.min(firstOutagePause * 2 ** outages, longestOutagePause)
  const message = `${error.message}; tried again in ${delay} s, which does not count as a retry`
  return { error: { ...error, message }, next: { state: 'RETRY', delay } }
}
