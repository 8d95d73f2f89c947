import t from 'tap'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { spawnWorker } from '../harness/worker-process.ts'

const known = { 'known.ts': taskModule('known', 'return args.x') }
const before = await taskFolder(t, known)
const after = await taskFolder(t, { ...known, 'fresh.ts': taskModule('fresh', 'return args.x') })

/** Ids of tasks of a kind, in the order in which they wait. */
async function submit(service: Service, task: string, count: number, options: Record<string, unknown> = {}) {
  const tasks = Array.from({ length: count }, (_, x) => ({ task, args: { x }, ...options }))
  const response = await service.post('/api/tasks/bulk', { tasks })
  return response.json().ids as string[]
}

async function statesOf({ db }: Service, ids: string[]) {
  const { rows } = await db.pool.query(
    `select t.state, j.state as job, t.attempts, count(*)::int from darkroom.tasks t join pgboss.job j on j.id = t.id
    where t.id = any($1) group by 1, 2, 3`,
    [ids]
  )
  return rows
}

const once = (count: number) => [{ state: 'SUCCESS', job: 'completed', attempts: 1, count }]

t.test('while workers are replaced, tasks of a new kind wait for a worker that knows it', async t => {
  const service = await openService(t, { env: { TASKS_DIR: after } })
  const old = await spawnWorker(t, service, { TASKS_DIR: before })
  // Far more than one claim takes, before those that this worker knows.
  const fresh = await submit(service, 'fresh', 1_000, { priority: 5 })
  const others = await submit(service, 'known', 300)
  const revived = await service.submit('fresh', { x: 1 }, { countdown: 600 })
  await service.post(`/api/tasks/${revived}/cancel`)
  await service.post(`/api/tasks/${revived}/retry`)
  fresh.push(revived)

  for (const id of others) await service.finished(id)

  t.strictSame(await statesOf(service, others), once(300))
  t.strictSame(await statesOf(service, fresh), [{ state: 'PENDING', job: 'created', attempts: 0, count: 1_001 }])
  const { rows: events } = await service.db.pool.query(
    `select distinct state from darkroom.events where task_id = any($1)`,
    [fresh.slice(0, 1_000)]
  )
  t.strictSame(events, [{ state: 'PENDING' }], 'none was ever claimed')
  const warning = JSON.parse(await old.heard('no running worker knows the kind'))
  t.match(warning, { level: 40, kind: 'fresh', msg: /"fresh": (more than 1000|\d+) tasks/ })

  // Jobs that a DBA has inserted have no kind, or a wrong one.
  await service.db.pool.query(
    `update pgboss.job set priority = 9, data = case when id::text < $2 then '{"task": "known"}'::jsonb end
    where id = any($1)`,
    [fresh, fresh[500]]
  )
  const more = await submit(service, 'known', 50)
  for (const id of more) await service.finished(id)
  t.strictSame(await statesOf(service, more), once(50))
  t.strictSame(await statesOf(service, fresh), [{ state: 'PENDING', job: 'created', attempts: 0, count: 1_001 }])

  const next = await spawnWorker(t, service, { TASKS_DIR: after })
  await until(async () => (await statesOf(service, fresh))[0].state !== 'PENDING' || undefined, 'it takes them')
  old.kill('SIGTERM')
  for (const id of fresh) await service.finished(id)

  t.strictSame(await statesOf(service, fresh), once(1_001))
  const { rows } = await service.db.pool.query(
    'select distinct worker from darkroom.attempts where task_id = any($1)',
    [fresh]
  )
  t.strictSame(rows, [{ worker: next.id }])
})
