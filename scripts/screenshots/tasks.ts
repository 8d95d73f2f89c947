import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'

const modules: Record<string, string> = {
  'report.mjs': `
    import { defineTask } from 'darkroom'
    import { setTimeout as delay } from 'node:timers/promises'
    import { Type } from 'typebox'
    export default defineTask({
      name: 'report',
      description: 'Counts orders of a customer and mails the result',
      args: Type.Object({
        customer: Type.String({ description: 'Number of the customer' }),
        month: Type.Integer({ minimum: 1, maximum: 12, default: 1, description: '1 to 12' }),
        format: Type.Optional(Type.Enum(['pdf', 'csv'], { description: 'Kind of file' })),
        draft: Type.Optional(Type.Boolean({ description: 'Mark it as a draft' }))
      }),
      max_retries: 1,
      retry_delay: 0,
      async run ({ customer, month }, { log, signal }) {
        log('counting orders of ' + customer)
        log('month ' + month)
        await delay(120 + 60 * month, undefined, { signal })
        if (customer === 'c13') throw new TypeError('Cannot read properties of undefined (reading "total") of order 4711')
        if (customer === 'c14') throw new Error('connect ECONNREFUSED 10.0.0.7:5432')
        if (customer === 'c17') throw new RangeError('Invalid time value in invoice 2026-' + (1000 + month))
        if (customer === 'c18') throw new Error('mail server answered 451 4.7.1: try again later')
        return { customer, orders: 12, total: 4310.5, mailed_to: ['anna@example.org', 'ops@example.org'] }
      }
    })`,
  'import.mjs': `
    import { setTimeout as delay } from 'node:timers/promises'
    import { defineTask } from 'darkroom'
    import { Type } from 'typebox'
    export default defineTask({
      name: 'import_catalogue',
      description: 'Reads a catalogue and writes its products',
      args: Type.Object({ source: Type.String(), rows: Type.Integer() }),
      async run ({ rows }, { progress, log, signal }) {
        for (let row = 0; row < rows; row++) {
          await delay(200, undefined, { signal })
          progress(row / rows, { rows: row })
          if (row % 20 === 0) log('row ' + row)
        }
        return { rows }
      }
    })`
}

export async function writeTasks(home: string) {
  const folder = path.join(home, 'tasks')
  await mkdir(folder)
  for (const [name, source] of Object.entries(modules)) await writeFile(path.join(folder, name), source)
  return folder
}
