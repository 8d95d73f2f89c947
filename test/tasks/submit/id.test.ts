import t from 'tap'
import { newId } from '../../../src/tasks/submit/id.ts'

t.test('ids are UUIDs of version 7 with their time, never repeat and grow', async t => {
  const before = Date.now()

  const ids = Array.from({ length: 50_000 }, newId)

  for (const id of ids) {
    if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)) t.fail(id)
  }
  t.equal(new Set(ids).size, ids.length)
  t.strictSame(ids.toSorted(), ids)
  const time = Number.parseInt(ids[0]!.replace('-', '').slice(0, 12), 16)
  t.ok(time >= before && time <= Date.now())
  t.equal(new Set(ids.map(id => id.slice(-6))).size > 49_000, true, 'and their ends are left to chance')
})
