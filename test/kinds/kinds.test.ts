import t from 'tap'
import { Type } from 'typebox'
import { loadKinds } from '../../src/catalogue/catalogue.ts'
import { readConfig } from '../../src/config.ts'
import { close, defineTask } from '../../src/darkroom.ts'
import { internalKinds } from '../../src/tasks/internal.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'

const TASKS_DIR = await taskFolder(t, {
  'greet.ts': taskModule(
    'greet',
    'return 1',
    `description: 'Greets', queue: 'media', priority: 3, time_limit: 60, max_retries: 7, pool: 'inline'`
  )
})
const service = await openService(t, { env: { TASKS_DIR } })

const list = async (query = '') => (await service.get(`/api/kinds${query}`)).json().items

t.test('kinds are listed with the fields that a client needs to submit them', async t => {
  const kinds = await list()

  t.strictSame(
    kinds.map(({ name }: { name: string }) => name),
    ['add', 'greet', 'process_data', 'process_video', 'sleep']
  )
  t.strictSame(kinds[1], {
    name: 'greet',
    description: 'Greets',
    args: { type: 'object', patternProperties: { '^.*$': {} } },
    queue: 'media',
    priority: 3,
    limits: { time_limit: 60, soft_time_limit: null, stall_limit: null },
    retries: {
      max_retries: 7,
      retry_delay: 0,
      retry_backoff: true,
      retry_backoff_max: 600,
      retry_jitter: kinds[0].retries.retry_jitter
    },
    result_expires: null,
    pool: 'inline',
    internal: false,
    workers: 0
  })
  t.match(kinds[0], { args: { type: 'object', required: ['x', 'y'], properties: { x: { type: 'number' } } } })
})

t.test('and with the number of workers that know them, without paused ones', async t => {
  const one = await service.startWorker({ WORKER_CONCURRENCY: '1' })
  const other = await service.startWorker({ WORKER_CONCURRENCY: '1' })
  const workers = async () => (await list('?task=greet'))[0].workers

  t.equal(await workers(), 2)
  await service.patch(`/api/workers/${one.id}`, { paused: true })
  t.equal(await workers(), 1)
  await other.stop(0)
  t.equal(await workers(), 0)
  await one.stop(0)
})

t.test('internal kinds are built in', async t => {
  const kinds = await loadKinds(readConfig(service.env))

  for (const name of internalKinds) {
    t.ok(kinds.has(name) && kinds.get(name)!.file === undefined, name)
    t.match(await list(`?task=${name}`), [{ name, internal: true }], 'and shown where they are named')
  }
  t.strictSame(await list('?task=nothing'), [])
})

t.test('tasks of internal kinds cannot be submitted from outside', async t => {
  for (const task of internalKinds) {
    const response = await service.post('/api/tasks', { task, args: {} })
    t.equal(response.statusCode, 403)
    t.match(response.json(), { code: 'KIND_INTERNAL', detail: new RegExp(`"${task}"`), errors: [{ field: 'task' }] })
  }
  const tasks = [{ task: 'add', args: { x: 1, y: 1 } }, { task: 'sweep', args: { older_than: 0 } }, { task: 'nothing' }]
  const bulk = await service.post('/api/tasks/bulk', { tasks })
  t.equal(bulk.statusCode, 400)
  t.strictSame(bulk.json().errors, [
    { field: 'tasks[1].task', message: 'is an internal kind' },
    { field: 'tasks[2].task', message: 'is not a known kind' }
  ])
  process.env.DATABASE_URL = service.url
  t.teardown(close)
  const named = defineTask({ name: 'sweep', args: Type.Object({}), run: () => null })
  await t.rejects(named.delay({}), { code: 'KIND_INTERNAL' }, 'from a program either')
  const { rows } = await service.db.pool.query(
    `select task from darkroom.tasks where task = 'add' or args ? 'older_than'`
  )
  t.strictSame(rows, [])
})

t.test('tasks of internal kinds are left out of lists unless the filter names them, and can be retried', async t => {
  const id = await service.submit('sweep', {}, { countdown: 600 })
  const other = await service.submit('add', { x: 1, y: 1 }, { countdown: 600 })
  const ids = async (query: string) =>
    (await service.get(`/api/tasks${query}`)).json().items.map((task: { id: string }) => task.id)

  t.strictSame(await ids(''), [other])
  t.ok((await ids('?task=sweep')).includes(id))
  await service.post(`/api/tasks/${id}/cancel`)
  t.equal((await service.post(`/api/tasks/${id}/retry`)).statusCode, 202)
})
