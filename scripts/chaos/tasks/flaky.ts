import { defineTask } from 'darkroom'
import { Type } from 'typebox'
import { order, witnessed } from './witness.ts'

/** Fails `failures` times, which its retries allow for. */
export default defineTask({
  name: 'flaky',
  args: Type.Object({ ...order, failures: Type.Integer() }),
  max_retries: 3,
  retry_delay: 0.2,
  run: witnessed(({ failures }, { attempt }) => {
    if (attempt <= failures) throw new Error(`failure ${attempt}`)
  })
})
