import { defineTask } from 'darkroom'
import { Type } from 'typebox'
import { order, witnessed } from './witness.ts'

/** Most tasks are like this one. */
export default defineTask({
  name: 'brief',
  args: Type.Object(order),
  run: witnessed(() => {})
})
