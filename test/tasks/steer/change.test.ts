import t from 'tap'
import { openService } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'

const TASKS_DIR = await taskFolder(t, {
  'later.ts': taskModule('later', `if (attempt === 1) throw new RetryLater(600, 'not yet')\nreturn attempt`),
  'hold.ts': taskModule('hold', 'await delay(60_000, undefined, { signal })')
})
const service = await openService(t, { env: { TASKS_DIR } })
const add = { x: 1, y: 2 }
const later = '2999-01-01T00:00:00.000Z'

const change = async (id: string, body: object) => {
  const response = await service.patch(`/api/tasks/${id}`, body)
  t.equal(response.statusCode, 200, response.body)
  return response.json()
}
const jobOf = async (id: string) =>
  (await service.db.pool.query('select name, priority, start_after from pgboss.job where id = $1', [id])).rows[0]

t.test('what is given of a waiting task changes, with its job, and nothing else', async t => {
  const id = await service.submit('add', add, { tags: ['old'], priority: 2 })
  const before = (await service.get(`/api/tasks/${id}`)).json()

  t.strictSame(await change(id, { priority: 9 }), { ...before, priority: 9 })
  t.match(await jobOf(id), { name: 'default', priority: 9 })
  t.strictSame(await change(id, { queue: 'low_priority' }), { ...before, priority: 9, queue: 'low_priority' })
  t.match(await jobOf(id), { name: 'low_priority', priority: 9 })
  t.strictSame((await change(id, { tags: ['a', 'b'] })).tags, ['a', 'b'])
  t.match(await change(id, { eta: later }), { eta: later, status: 'SCHEDULED', queue: 'low_priority' })
  t.match(await jobOf(id), { name: 'delayed', start_after: new Date(later) })
  t.match(await change(id, { queue: 'media', priority: 0 }), { queue: 'media', status: 'SCHEDULED', priority: 0 })
  t.match(await jobOf(id), { name: 'delayed', priority: 0 })
  t.match(await change(id, { eta: null }), { eta: null, status: 'PENDING', state: 'PENDING', attempts: 0 })
  t.match(await jobOf(id), { name: 'media' })
  t.match(await change(id, { eta: '2020-01-01T00:00:00Z' }), { eta: '2020-01-01T00:00:00.000Z', status: 'PENDING' })
  t.match(await jobOf(id), { name: 'media' })
  const { rows } = await service.db.pool.query('select state from darkroom.events where task_id = $1', [id])
  t.equal(rows.length, 8)
  t.ok(rows.every(({ state }) => state === 'PENDING'))
})

t.test('what does not fit is refused, and changes nothing', async t => {
  const id = await service.submit('add', add)
  const before = (await service.get(`/api/tasks/${id}`)).json()
  for (const body of [
    {},
    { priority: 10 },
    { priority: '1' },
    { queue: 'nowhere' },
    { queue: 'delayed' },
    { queue: null },
    { eta: 'soon' },
    { tags: [''] },
    { tags: ['a\0'] },
    { args: add }
  ]) {
    const response = await service.patch(`/api/tasks/${id}`, body)
    t.equal(response.statusCode, 400, JSON.stringify(body))
    t.ok(['INVALID_REQUEST', 'UNKNOWN_QUEUE'].includes(response.json().code))
    t.match(response.json().errors, [{ field: new RegExp(`^${Object.keys(body)[0] ?? ''}`) }], 'which is named')
  }
  for (const unknown of ['01980000-0000-7000-8000-000000000000', 'garbage']) {
    t.match((await service.patch(`/api/tasks/${unknown}`, { priority: 1 })).json(), { code: 'TASK_NOT_FOUND' })
  }
  t.strictSame((await service.get(`/api/tasks/${id}`)).json(), before)
})

t.test('workers take a task where and when it is to run by now', async t => {
  const moved = await service.submit('add', add, { queue: 'media' })
  const sooner = await service.submit('add', add, { countdown: 3600 })
  const retried = await service.submit('later')
  const held = await service.submit('hold')
  await service.startWorker({ WORKER_QUEUES: 'default' })
  await service.until(retried, ({ state }) => state === 'RETRY')
  await service.until(held, ({ state }) => state === 'STARTED')

  t.match(await change(moved, { queue: 'default' }), { queue: 'default' })
  await change(sooner, { eta: null })
  // A worker may have it before the answer is read.
  t.match(await change(retried, { eta: null }), { state: /^(RETRY|STARTED)$/ })

  t.match(await service.finished(moved), { state: 'SUCCESS' })
  t.match(await service.finished(sooner), { state: 'SUCCESS', eta: null })
  t.match(await service.finished(retried), { state: 'SUCCESS', result: 2, attempts: 2 })
  for (const id of [held, moved]) {
    const response = await service.patch(`/api/tasks/${id}`, { priority: 1 })
    t.equal(response.statusCode, 409)
    t.match(response.json(), { code: 'TASK_NOT_WAITING' })
  }
  await service.post(`/api/tasks/${held}/cancel?wait=20`)
})
