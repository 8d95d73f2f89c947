import { Type } from 'typebox'
import { defineTask } from '../define.ts'

export const add = defineTask({
  name: 'add',
  description: 'Adds two numbers.',
  args: Type.Object({ x: Type.Number(), y: Type.Number() }, { additionalProperties: false }),
  run: ({ x, y }) => x + y
})
