import { setTimeout as delay } from 'node:timers/promises'
import { defineTask } from 'darkroom'
import { Type } from 'typebox'
import { order, witnessed } from './witness.ts'

/** Takes some time, reports progress, obeys its signal; in a queue of its own. */
export default defineTask({
  name: 'steady',
  queue: 'chaos',
  args: Type.Object({ ...order, seconds: Type.Number() }),
  run: witnessed(async ({ seconds }, { attempt, progress, signal }) => {
    const end = Date.now() + seconds * 1000
    for (let left = seconds * 1000; left > 0; left = end - Date.now()) {
      progress(1 - left / (seconds * 1000), { attempt })
      await delay(Math.min(left, 50), undefined, { signal })
    }
  })
})
