import { parseArgs } from 'node:util'
import { throughIndexes } from '../../src/database/connect.ts'
import { fill } from '../plans/fill.ts'
import { few, linesFor } from '../plans/lines.ts'
import { look } from '../plans/look.ts'
import { allStatements } from '../print-sql.ts'
import { openOwnDatabase } from './own-database.ts'

/**
 * What each statement of src/ reads among so many tasks, slowest first. A statement that reads more than its line in
 * scripts/plans/lines.ts says has its plan shown, and fails the run; test/plans.test.ts does the same among a few.
 *
 *   node scripts/bench/plans.ts --tasks 10000000
 */
const { values: options } = parseArgs({ options: { tasks: { type: 'string', default: '200000' } } })
const count = Number(options.tasks)

// To fill a table takes longer than any statement of ours may.
const settings = { ...throughIndexes, statement_timeout: '0', idle_in_transaction_session_timeout: '0' }
const { db, close } = await openOwnDatabase({ max: 1, settings, patience: 7_200 })
try {
  await measure()
} finally {
  await close()
}

async function measure() {
  const client = await db.pool.connect()
  const lines = linesFor(await fill(client, count))
  const found: { name: string; rows: number; most: number; milliseconds: number }[] = []
  for (const { name, text } of await allStatements()) {
    const { values = [], most = few, whole = [], planless } = lines[name] ?? {}
    if (planless) continue
    // The second time, as the first one reads from the disk.
    await look(client, text, values)
    const { rows, milliseconds, plan, ...looked } = await look(client, text, values)
    found.push({ name, rows, most, milliseconds })
    if (rows > most || looked.whole.some(table => !whole.includes(table))) {
      console.log(`${name} reads ${rows} rows, whole tables: ${looked.whole.join(', ') || 'none'}\n${plan}`)
      process.exitCode = 1
    }
  }
  client.release()
  for (const { name, rows, most, milliseconds } of found.sort((a, b) => b.milliseconds - a.milliseconds)) {
    console.log(`${milliseconds.toFixed(1).padStart(9)} ms ${String(rows).padStart(9)} of ${most} rows  ${name}`)
  }
}
