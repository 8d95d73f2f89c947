import { defineTask } from 'darkroom'
import { Type } from 'typebox'
import { order, witnessed } from './witness.ts'

/** Fails at each attempt. */
export default defineTask({
  name: 'doomed',
  args: Type.Object(order),
  max_retries: 2,
  retry_delay: 0.1,
  run: witnessed(() => {
    throw new Error('as always')
  })
})
