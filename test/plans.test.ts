import t from 'tap'
import { fill } from '../scripts/plans/fill.ts'
import { few, linesFor } from '../scripts/plans/lines.ts'
import { look } from '../scripts/plans/look.ts'
import { allStatements } from '../scripts/print-sql.ts'
import { connect, throughIndexes } from '../src/database/connect.ts'
import { borrowDatabase } from './harness/database.ts'

const many = 20_000
const db = connect(await borrowDatabase(t), { name: 'plans', max: 1, settings: throughIndexes })
t.teardown(() => db.close())
const client = await db.pool.connect()
t.teardown(() => client.release())
const lines = linesFor(await fill(client, many))
const statements = await allStatements()

t.test('each statement of src/ has a line in scripts/plans/lines.ts, and each line is of one', async t => {
  t.strictSame(Object.keys(lines).sort(), statements.map(({ name }) => name).sort())
})

for (const { file, name, text } of statements) {
  const { values = [], most = few, because, whole = [], planless } = lines[name] ?? {}
  if (planless) continue
  t.test(`${file}: ${name} reads ${because ?? 'a few rows'}`, async t => {
    const { rows, plan, ...looked } = await look(client, text, values)

    t.strictSame(looked.whole, whole, plan)
    t.ok(rows <= most, `${rows} rows of at most ${most}\n${plan}`)
    if (most > few || whole.length > 0) t.ok(because, 'it says why')
  })
}
