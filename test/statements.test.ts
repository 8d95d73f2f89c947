import { readFile } from 'node:fs/promises'
import t from 'tap'
import { printed, statements } from '../scripts/print-sql.ts'

t.test('test/statements.sql has the statements that are sent: node scripts/print-sql.ts renews it', async t => {
  const now = await statements()

  t.equal(await readFile(printed, 'utf8'), now)
})

t.test('no two statements have the same name', async t => {
  const names = [...(await statements()).matchAll(/^-- \S+\.ts: (\w+)$/gm)].map(([, name]) => name)

  t.ok(names.length > 20)
  t.strictSame(names, [...new Set(names)])
})
