import t from 'tap'
import { type Column, table } from '../../src/commands/screen/table.ts'

const columns: Column<{ name: string }>[] = [{ head: 'NAME', cell: ({ name }) => name }]

t.test('an empty table says so on a terminal, and adds nothing in a pipe', async t => {
  t.match(table(columns, [], 80), /NAME.*\n\(none\)$/)
  t.notMatch(table(columns, []), /none/)
  t.notMatch(table(columns, [{ name: 'media' }], 80), /none/)
})
