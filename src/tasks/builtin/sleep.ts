import { setTimeout as delay } from 'node:timers/promises'
import { Type } from 'typebox'
import { defineTask } from '../define.ts'

const step = 250

export const sleep = defineTask({
  name: 'sleep',
  description: 'Does nothing for so many seconds, and says how far it is: for trying things out.',
  args: Type.Object({ seconds: Type.Number({ minimum: 0, maximum: 86_400 }) }, { additionalProperties: false }),

  async run({ seconds }, { signal, progress }) {
    const end = performance.now() + seconds * 1000
    for (let left = seconds * 1000; left > 0; left = end - performance.now()) {
      await delay(Math.min(left, step), undefined, { signal })
      progress(Math.min(1, 1 - (end - performance.now()) / (seconds * 1000)))
    }
    return { slept: seconds }
  }
})
