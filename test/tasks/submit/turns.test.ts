import t from 'tap'
import { form } from '../../harness/form.ts'
import { openKeys } from '../../harness/keys.ts'
import { openService } from '../../harness/service.ts'
import { until } from '../../harness/until.ts'

const service = await openService(t)
const keys = await openKeys(service)
const all = { authorization: keys.admin.with.authorization }
const shop = await keys.make({ name: 'shop', preset: 'operator' })
const press = await keys.make({ name: 'press', preset: 'operator' })
const { app } = service.api

async function submit(key: typeof shop, count: number, options: object = {}): Promise<string[]> {
  const task = { task: 'add', args: { x: 1, y: 1 }, queue: 'media', ...options }
  const response = await service.post('/api/tasks/bulk', { tasks: Array(count).fill(task) }, key.with)
  return response.json().ids
}

async function find(id: string, query = '') {
  return (await service.get(`/api/tasks/${id}${query}`, all)).json()
}

/** The waiting tasks in the order in which workers take them, as the names of their keys. */
async function line() {
  const { rows } = await service.db.pool.query<{ created_by: string }>(
    `select t.created_by from pgboss.job j join darkroom.tasks t using (id)
    where j.name = 'media' and j.state < 'active' order by j.priority desc, j.created_on`
  )
  return rows.map(row => row.created_by).join(' ')
}

async function act(method: 'POST' | 'PATCH', url: string, payload?: object) {
  const { statusCode, body } = await app.inject({ method, url, ...(payload && { payload }), headers: all })
  if (statusCode >= 300) throw new Error(body)
}

t.test('a film does not wait for all the tasks that another key has submitted before', async t => {
  const worker = await service.startWorker({ WORKER_QUEUES: 'media', WORKER_CONCURRENCY: '1' })
  const [running] = await submit(keys.admin, 1, { task: 'sleep', args: { seconds: 600 } })
  await until(async () => (await find(running!)).state === 'STARTED', 'the only slot is taken')
  const ofShop = await submit(shop, 30)
  const { headers, payload } = form([{ filename: 'a.mp4', content: 'no film' }])
  const upload = await app.inject({
    method: 'POST',
    url: '/api/videos',
    headers: { ...headers, ...press.with },
    payload
  })
  const film: string = upload.json().task_id

  const why = (await service.get(`/api/tasks/${film}/why`, all)).json()
  const turns = await service.db.pool.query(
    'select created_by, waiting, running, next_task from ops.turns order by created_by'
  )
  await act('POST', `/api/tasks/${running}/cancel`)
  const ended = await Promise.all([film, ...ofShop].map(id => find(id, '?wait=60')))

  t.match(
    why.sentence,
    '1 task is before it (0 of its own key, 1 of others: keys take turns), and 1 worker runs 1 task'
  )
  t.strictSame(turns.rows, [
    { created_by: 'press', waiting: 1, running: 0, next_task: film },
    { created_by: 'root', waiting: 0, running: 1, next_task: null },
    { created_by: 'shop', waiting: 30, running: 0, next_task: ofShop[0] }
  ])
  const before = ended.filter(({ started_at }) => started_at < ended[0].started_at)
  t.ok(before.length <= 1, `${before.length} of the other key were before it`)
  await worker.stop(0)
})

t.test('a place in the line', async t => {
  await service.startWorker({ WORKER_QUEUES: 'default' })
  const ofShop = await submit(shop, 3)
  await submit(press, 2)
  const [urgent] = await submit(shop, 1, { priority: 9 })
  t.equal(await line(), 'shop shop press shop press shop', 'is beside those of other keys, after higher priorities')

  for (const id of ofShop) await act('POST', `/api/tasks/${id}/cancel`)
  await submit(shop, 1)
  t.equal(await line(), 'shop press shop press', 'is as if what was cancelled had never been there')

  for (const id of ofShop) await act('POST', `/api/tasks/${id}/retry`)
  t.equal(await line(), 'shop press shop press shop shop shop', 'is a new one for what is retried by hand')

  await act('PATCH', `/api/tasks/${urgent}`, { priority: 0 })
  t.equal(await line(), 'press shop press shop shop shop shop', 'follows a change of priority')

  const [moved] = await submit(press, 1, { queue: 'low_priority' })
  await act('PATCH', `/api/tasks/${moved}`, { queue: 'media' })
  t.equal(await line(), 'press shop press shop press shop shop shop', 'follows a change of the queue')

  await submit(keys.admin, 1, { countdown: 0.01 })
  await until(async () => (await line()).includes('root'), 'the time has come')
  // Both are right behind the front: which of them is before the other is left to chance.
  t.match(
    await line(),
    /^press (root shop|shop root) press shop press shop shop shop$/,
    'is taken when its time has come'
  )
})
