import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { defineTask } from 'darkroom'
import { Type } from 'typebox'
import { order, witnessed } from './witness.ts'

/** Starts processes that start processes, and leaves them behind. They outlast any run unless the worker kills them. */
export default defineTask({
  name: 'family',
  args: Type.Object({ ...order, seconds: Type.Number() }),
  run: witnessed(async ({ seconds }, { signal }) => {
    spawn('sleep', ['3600'], { stdio: 'ignore' }).unref()
    spawn('sh', ['-c', 'sleep 3601 & wait'], { stdio: 'ignore' }).unref()
    await delay(seconds * 1000, undefined, { signal })
  })
})
