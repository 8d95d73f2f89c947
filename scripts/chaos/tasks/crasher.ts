import { setTimeout as delay } from 'node:timers/promises'
import { defineTask } from 'darkroom'
import { Type } from 'typebox'
import { order, witnessed } from './witness.ts'

/** Ends its child process. */
export default defineTask({
  name: 'crasher',
  args: Type.Object({ ...order, crashes: Type.Integer(), how: Type.Enum(['exit', 'kill']) }),
  run: witnessed(async ({ crashes, how }, { attempt }) => {
    if (attempt > crashes) return
    if (how === 'exit') process.exit(3)
    process.kill(process.pid, 'SIGKILL')
    await delay(10_000)
  })
})
