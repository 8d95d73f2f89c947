import { setTimeout as delay } from 'node:timers/promises'
import { defineTask } from 'darkroom'
import { Type } from 'typebox'
import { order, witnessed } from './witness.ts'

/** Has a stall limit and reports no progress at its first attempt. */
export default defineTask({
  name: 'silent',
  args: Type.Object(order),
  max_retries: 1,
  retry_delay: 0.1,
  stall_limit: 0.5,
  run: witnessed(async (_, { attempt }) => {
    if (attempt === 1) await delay(10_000)
  })
})
