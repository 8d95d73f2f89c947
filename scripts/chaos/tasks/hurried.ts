import { setTimeout as delay } from 'node:timers/promises'
import { defineTask } from 'darkroom'
import { Type } from 'typebox'
import { order, witnessed } from './witness.ts'

/** Meets its soft time limit at the first attempt, and then either succeeds or fails. */
export default defineTask({
  name: 'hurried',
  args: Type.Object({ ...order, tidy: Type.Boolean() }),
  max_retries: 1,
  retry_delay: 0.1,
  soft_time_limit: 0.4,
  time_limit: 5,
  run: witnessed(async ({ tidy }, { attempt, signal }) => {
    if (attempt > 1) return
    await delay(10_000, undefined, { signal }).catch(() => {})
    if (!tidy) signal.throwIfAborted()
  })
})
