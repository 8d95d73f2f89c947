import t from 'tap'
import { openService } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'

const TASKS_DIR = await taskFolder(t, {
  'twice.ts': taskModule(
    'twice',
    `if (attempt === 1) throw new Error('once')\nif (attempt === 2) throw new GiveUp('for good')\nreturn attempt`,
    'retry_delay: 0.01, time_limit: 60, soft_time_limit: 50'
  ),
  'hold.ts': taskModule('hold', 'await delay(60_000, undefined, { signal })')
})
const service = await openService(t, { env: { TASKS_DIR } })

const timeline = async (id: string) => (await service.get(`/api/tasks/${id}/timeline`)).json().items
const short = (items: any[]) =>
  items.map(({ type, reason, attempt, state, outcome, until }) =>
    type === 'wait' ? `wait ${reason}${until ? '' : ' …'}` : type === 'event' ? state : `attempt ${attempt} ${outcome}`
  )

t.test('a task that waits has its wait, for its time or for a worker', async t => {
  const { rows } = await service.db.pool.query('select now() as now')
  const waiting = await service.submit('add', { x: 1, y: 2 })
  const later = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })

  t.strictSame(short(await timeline(waiting)), ['PENDING', 'wait queue …'])
  const [event, wait] = await timeline(later)
  t.match(event, { type: 'event', state: 'PENDING', by: { kind: 'request', id: String } })
  t.match(wait, { type: 'wait', reason: 'scheduled' })
  t.ok(Date.parse(wait.until) > rows[0].now.getTime() + 590_000)
  await service.post(`/api/tasks/${waiting}/cancel`)
  t.strictSame(short(await timeline(waiting)), ['PENDING', 'wait queue', 'REVOKED'])
})

t.test('attempts have their limits and what became of them, and each event what caused it', async t => {
  await service.startWorker()
  const id = await service.submit('twice')
  await service.finished(id)

  const items = await timeline(id)
  t.strictSame(
    short(items).filter(each => !/^[A-Z]+$/.test(each)),
    ['wait queue', 'attempt 1 failure', 'wait retry', 'attempt 2 failure']
  )
  const first = items.find(({ attempt, type }: any) => type === 'attempt' && attempt === 1)
  t.match(first, { time_limit: 60, soft_time_limit: 50, error: { type: 'Error', message: 'once' }, worker: String })
  t.equal(first.error.stack, undefined)
  const failed = items.at(-1)
  t.match(failed, { type: 'event', state: 'FAILURE', by: { kind: 'worker', id: first.worker } })
  t.strictSame(
    items,
    items.toSorted((one: any, other: any) => Date.parse(one.at) - Date.parse(other.at))
  )

  await service.post(`/api/tasks/${id}/retry`)
  await service.finished(id)
  const again = await timeline(id)
  t.equal(short(again).at(-1), 'SUCCESS')
  const wait = again.findLast(({ type }: any) => type === 'wait')
  t.equal(wait.reason, 'queue')
  t.ok(Date.parse(wait.at) >= Date.parse(failed.at), 'not while it was over')

  const held = await service.submit('hold')
  await service.until(held, ({ state, started_at }) => state === 'STARTED' && started_at !== null)
  t.equal(short((await timeline(held)).filter(({ type }: any) => type === 'attempt'))[0], 'attempt 1 null')
  await service.post(`/api/tasks/${held}/cancel?wait=20`)
})

t.test('an unknown task has none', async t => {
  for (const id of ['garbage', '01980000-0000-7000-8000-000000000000']) {
    t.equal((await service.get(`/api/tasks/${id}/timeline`)).statusCode, 404)
  }
})
