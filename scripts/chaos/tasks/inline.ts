import { setTimeout as delay } from 'node:timers/promises'
import { defineTask } from 'darkroom'
import { Type } from 'typebox'
import { order, witnessed } from './witness.ts'

/** Runs in the worker itself. */
export default defineTask({
  name: 'inline',
  pool: 'inline',
  queue: 'low_priority',
  args: Type.Object({ ...order, seconds: Type.Number() }),
  run: witnessed(
    async ({ seconds }, { signal }) => {
      await delay(seconds * 1000, undefined, { signal })
    },
    { inline: true }
  )
})
