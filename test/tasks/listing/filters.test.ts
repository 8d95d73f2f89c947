import t from 'tap'
import { connect, throughIndexes } from '../../../src/database/connect.ts'
import { listTasks } from '../../../src/tasks/listing/list.ts'
import type { TaskFilters } from '../../../src/tasks/listing/schemas.ts'
import { openService } from '../../harness/service.ts'
import { addTasks, filters, one, scheduled } from './examples.ts'

const service = await openService(t)
const db = connect(service.url, { name: 'test', max: 2, settings: throughIndexes })
t.teardown(() => db.close())
await addTasks(db.pool)

const orders: Record<NonNullable<TaskFilters['order']>, string> = {
  newest: 'created_at desc, id desc',
  oldest: 'created_at, id',
  soonest: 'greatest(created_at, eta), id',
  longest: `coalesce(case state when 'STARTED' then now() - started_at else finished_at - started_at end, '-1') desc, id desc`
}
type Order = keyof typeof orders

async function expected(condition: string, order: Order = 'newest'): Promise<string[]> {
  const { rows } = await db.pool.query(`select id from darkroom.tasks where ${condition} order by ${orders[order]}`)
  return rows.map(({ id }) => id)
}

const usual = { budget: 2_000, firstSlice: 5_000 }
// Some rows of each of the 84 groups.
const late = { budget: -1, firstSlice: 800 }

/** All ids in the order of the list, and again on the way back from its end. */
async function walk(filters: TaskFilters, limits = usual) {
  const there: string[] = []
  const back: string[] = []
  const seen = new Set<string>()
  let cursor: string | null = null
  let end: string | null = null
  for (;;) {
    const page = await listTasks(db, { ...filters, ...(cursor && { cursor }) }, [], limits)
    there.push(...page.items.map(({ id }) => id))
    if (page.next_cursor === null) {
      end = page.prev_cursor
      back.unshift(...page.items.map(({ id }) => id))
      break
    }
    if (seen.has(page.next_cursor)) throw new Error('it does not get on')
    seen.add(page.next_cursor)
    cursor = page.next_cursor
  }
  for (cursor = end; cursor !== null; ) {
    const page = await listTasks(db, { ...filters, cursor }, [], limits)
    back.unshift(...page.items.map(({ id }) => id))
    if (page.prev_cursor === cursor) throw new Error('it does not get back')
    cursor = page.prev_cursor
  }
  return { there, back }
}

for (const [what, filter, condition] of filters) {
  t.test(`a list of ${what} has what a plain query finds, on the way back too`, async t => {
    for (const order of Object.keys(orders) as Order[]) {
      // Running ones grow older between two queries, but in the same order.
      const ids = await expected(condition, order)
      t.ok(ids.length > 0 || condition === 'false')
      const whole = { there: ids, back: ids }

      t.strictSame(await walk({ ...filter, order, limit: 1_000 }), whole, `${order}, on one page`)
      if (order === 'newest' || order === 'longest') {
        t.strictSame(await walk({ ...filter, order, limit: 67 }), whole, `${order}, in pages`)
      } else if (order === 'oldest') {
        t.strictSame(await walk({ ...filter, order, limit: 50 }, late), whole, `${order}, out of time after each slice`)
      }
    }
  })
}

t.test('the soonest of all that wait for their time come from an index, also out of time', async t => {
  const ids = await expected(scheduled, 'soonest')
  const filter: TaskFilters = { status: 'SCHEDULED', order: 'soonest' }

  t.strictSame(await walk({ ...filter, limit: 10 }, late), { there: ids, back: ids })
  const red = await expected(`${scheduled} and 'red' = any(tags)`, 'soonest')
  t.strictSame(await walk({ ...filter, tag: 'red', limit: 10 }, late), { there: red, back: red })
})

t.test('an order that no index has says how far it looked', async t => {
  const { items, searched_until } = await listTasks(db, { order: 'longest', limit: 5 }, [], {
    ...late,
    firstSlice: 200
  })

  const looked = await expected(`created_at > '${searched_until}'`, 'longest')
  t.ok(looked.length >= 5)
  t.strictSame(
    items.map(({ id }) => id),
    looked.slice(0, 5)
  )
})

t.test('a word that no status has is refused, and named', async t => {
  for (const [query, field] of [
    ['status=DONE', 'status'],
    ['status=failed', 'status'],
    ['state=FAILED', 'state'],
    ['state=-SUCCESS,x', 'state'],
    ['status=FAILED,', 'status'],
    ['attempts_min=-1', 'attempts_min'],
    ['attempts_min=1.5', 'attempts_min'],
    ['ran_min=x', 'ran_min'],
    ['order=random', 'order']
  ] as const) {
    const response = await service.get(`/api/tasks?${query}`)
    t.equal(response.statusCode, 400, query)
    t.match(response.json(), { code: 'INVALID_REQUEST', errors: [{ field }] }, query)
  }
  const longest = (await service.get('/api/tasks?order=longest&limit=1')).json().next_cursor
  t.match((await service.get(`/api/tasks?cursor=${longest}`)).json(), { code: 'INVALID_CURSOR' })
})

t.test('HTTP takes all filters together', async t => {
  const query = `status=FAILED&task=add&queue=default&worker=-${one}&tag=-blue&error=no&attempts_min=0&ran_min=0&waited_min=0&order=oldest`

  const { items, prev_cursor } = (await service.get(`/api/tasks?${query}&limit=1000`)).json()

  t.strictSame(
    items.map(({ id }: any) => id),
    await expected(
      `state = 'FAILURE' and task = 'add' and queue = 'default' and worker is distinct from '${one}' and not 'blue' = any(tags)`,
      'oldest'
    )
  )
  t.equal(prev_cursor, null)
})
