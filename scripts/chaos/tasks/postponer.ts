import { defineTask, RetryLater } from 'darkroom'
import { Type } from 'typebox'
import { order, witnessed } from './witness.ts'

/** Throws RetryLater. */
export default defineTask({
  name: 'postponer',
  args: Type.Object({ ...order, times: Type.Integer() }),
  max_retries: 3,
  run: witnessed(({ times }, { attempt }) => {
    if (attempt <= times) throw new RetryLater(0.3)
  })
})
