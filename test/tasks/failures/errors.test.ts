import t from 'tap'
import { openService } from '../../harness/service.ts'

const service = await openService(t)
const { pool } = service.db

const fail = async (task: string, message: string, ago: string, type = 'Error') => {
  const { rows } = await pool.query(
    `insert into darkroom.tasks (id, task, queue, state, result_expires, error, created_at, finished_at)
    values (gen_random_uuid(), $1, 'default', 'FAILURE', 60, jsonb_build_object('type', $4::text, 'message', $2::text),
      now() - $3::interval, now() - $3::interval) returning id`,
    [task, message, ago, type]
  )
  return rows[0].id as string
}
const list = async (query = '') => (await service.get(`/api/errors?${query}`)).json().items

t.test('failures that are alike but for numbers, ids and paths are one group, the most frequent first', async t => {
  const some = [
    await fail('add', 'row 7 of /data/videos/01980000-0000-7000-8000-000000000001/original, 2.5 s', '3 hours'),
    await fail('add', 'row 12 of /data/x/y.mp4, 11 s', '2 hours'),
    await fail('add', 'row 1 of /tmp/a/b, 0,5 s', '1 hour')
  ]
  const other = await fail('add', 'row 7 of /data/a/b, 1 s', '1 minute', 'TypeError')
  await fail('sweep', 'internal', '1 minute')
  const old = await fail('sleep', 'task 01980000-0000-7000-8000-000000000001 is gone', '9 days')

  const items = await list()
  t.equal(items.length, 2)
  t.match(items[0], { task: 'add', type: 'Error', message: 'row <n> of <path>, <n> s', count: 3, sample: some[2] })
  t.ok(items[0].first_at < items[0].last_at)
  t.strictSame(items[0].trend, [...Array(23).fill(0), 3], 'within the last of 24 parts of a week')
  const today = new Date(Date.now() - 24 * 3_600_000 + 5_000).toISOString()
  const [{ trend }] = await list(`from=${today}&task=add`)
  t.strictSame(trend.slice(-4), [1, 1, 1, 0])
  t.match(items[1], { type: 'TypeError', count: 1, sample: other })
  t.match(await list('task=sweep'), [{ task: 'sweep', message: 'internal' }])
  t.strictSame(await list('task=sleep'), [])
  const since = new Date(Date.now() - 10 * 86_400_000).toISOString()
  t.match(await list(`task=sleep&from=${since}`), [{ message: 'task <id> is gone', sample: old }])
  t.equal((await list(`task=-add&from=${since}`)).length, 1)
  t.equal((await list('limit=1')).length, 1)
  const recent = new Date(Date.now() - 90 * 60_000).toISOString()
  t.match(await list(`from=${recent}&task=add`), [{ count: 1 }, { count: 1 }])

  const one = (await service.get(`/api/errors/${items[0].fingerprint}`)).json()
  const { tasks, ...group } = one
  t.strictSame(group, items[0])
  t.strictSame(
    tasks.map(({ id }: any) => id),
    some.toReversed()
  )
  t.match(tasks[2], { queue: 'default', attempts: 0, worker: null, message: /^row 7 of .*original/ })
  const { rows } = await pool.query('select fingerprint, message, count from ops.failure_summary where task = $1', [
    'add'
  ])
  t.ok(rows.some(({ fingerprint, count }) => fingerprint === items[0].fingerprint && count === 3))
})

t.test('a group that is not there is not found, and what does not fit is refused', async t => {
  for (const fingerprint of ['x', '%00', 'd41d8cd98f00b204e9800998ecf8427e']) {
    const response = await service.get(`/api/errors/${fingerprint}`)
    t.equal(response.statusCode, 404)
    t.equal(response.json().code, 'ERROR_NOT_FOUND')
  }
  for (const query of ['from=yesterday', 'limit=0', 'cursor=x', 'task=%00']) {
    t.equal((await service.get(`/api/errors?${query}`)).statusCode, 400, query)
  }
})
