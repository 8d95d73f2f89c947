import { Type } from 'typebox'
import { defineTask } from '../define.ts'

export const processData = defineTask({
  name: 'process_data',
  description: 'Answers its data in upper case.',
  args: Type.Object({ data: Type.String() }, { additionalProperties: false }),
  run: ({ data }) => ({ processed_data: data.toUpperCase() })
})
