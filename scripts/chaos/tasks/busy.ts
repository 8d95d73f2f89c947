import { defineTask } from 'darkroom'
import { Type } from 'typebox'
import { order, witnessed } from './witness.ts'

/** Blocks its event loop for ever at its first attempt, so that no signal of the soft limit reaches it. */
export default defineTask({
  name: 'busy',
  args: Type.Object(order),
  max_retries: 1,
  retry_delay: 0.1,
  time_limit: 0.6,
  run: witnessed((_, { attempt }, lives) => {
    for (let said = Date.now(); attempt === 1; ) {
      if (Date.now() - said < 50) continue
      said = Date.now()
      lives()
    }
  })
})
