import { defineTask, GiveUp } from 'darkroom'
import { Type } from 'typebox'
import { order, witnessed } from './witness.ts'

/** Throws GiveUp. */
export default defineTask({
  name: 'quitter',
  args: Type.Object(order),
  run: witnessed(() => {
    throw new GiveUp('there is no point')
  })
})
