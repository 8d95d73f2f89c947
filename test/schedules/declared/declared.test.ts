import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { ScheduleBody } from '../../../src/schedules/schemas.ts'
import { borrowDatabase } from '../../harness/database.ts'
import { occurrencesOf, readSchedule } from '../../harness/schedules.ts'
import { openService, type Service } from '../../harness/service.ts'
import { inlineModule, taskFolder } from '../../harness/task-folder.ts'

/** A module with a kind and its schedules. */
const moduleOf = (name: string, ...schedules: object[]) =>
  inlineModule(name, 'return 1', schedules.length > 0 ? `schedules: ${JSON.stringify(schedules)}` : '')

// On a day that is far away: its tasks would change what is compared.
const daily = { name: 'report', cron: '0 4 29 2 *', args: { of: 'all' } }

/** A start of the service with the modules as they are now, on the database of an earlier one. */
async function start(t: Test, TASKS_DIR: string, earlier?: Service) {
  // Node.js keeps a module that it has loaded: after a change it is read from a new place.
  const copy: Record<string, string> = {}
  for (const file of await readdir(TASKS_DIR)) copy[file] = await readFile(path.join(TASKS_DIR, file), 'utf8')
  const folder = await taskFolder(t, copy)
  const env: Record<string, string> = earlier ? { DATABASE_URL: earlier.url, DATA_DIR: earlier.dataDir } : {}
  const service = await openService(t, {
    env: { ...env, TASKS_DIR: folder, TIMEZONE: 'Europe/Berlin', WORKER_CONCURRENCY: '1' }
  })
  if (earlier) await relocate(service, TASKS_DIR, folder)
  const worker = await service.startWorker()
  await worker.stop(0)
  await relocate(service, folder, TASKS_DIR)
  return service
}

/** As if the copy were the folder itself. */
async function relocate({ db }: Service, from: string, to: string) {
  await db.pool.query('update darkroom.declared_schedules set file = replace(file, $1, $2)', [from, to])
}

async function own({ get }: Service): Promise<ScheduleBody[]> {
  return (await get('/api/schedules?system=false&limit=1000')).json().items
}

const rewrite = (folder: string, file: string, source: string) => writeFile(path.join(folder, file), source)

// Three starts tell all of it: each test has a module of its own.
const options = { priority: 3, tags: ['nightly'], missed: 'once', overlap: 'skip', max_retries: 2, expires: 60 }
const edited = { ...daily, name: 'edited' }
const removed = [
  { ...daily, name: 'removed' },
  { name: 'left in', every: 3000 }
]
const folder = await taskFolder(t, {
  'report.ts': moduleOf('report', { ...daily, ...options, description: 'd' }, { name: 'second', every: 3000 }),
  'other.ts': moduleOf('other', { cron: '@hourly', timezone: 'UTC', enabled: false }),
  'edited.ts': moduleOf('edited', edited, { name: 'edited, too', every: 3000 }),
  'deleted.ts': moduleOf('deleted', { ...daily, name: 'deleted' }),
  'removed.ts': moduleOf('removed', ...removed),
  'lost.ts': moduleOf('lost', { name: 'lost', every: 3000 })
})
const untouched = ['other', 'report', 'second']
const first = await start(t, folder)
const before = await own(first)

await t.test('schedules of a module are put in when a worker starts', async t => {
  const names = ['deleted', 'edited', 'edited, too', 'left in', 'lost', ...untouched, 'removed'].toSorted()
  t.strictSame(before.map(({ name }) => name).toSorted(), names)
  t.match(await readSchedule(first, 'report'), {
    ...{ ...daily, ...options, description: 'd' },
    ...{ task: 'report', timezone: 'Europe/Berlin', enabled: true, system: false, next_run_at: /T0[23]:00:00.000Z$/ }
  })
  t.match(await readSchedule(first, 'second'), { task: 'report', every: 3000, args: {} })
  const unnamed = { name: 'other', timezone: 'UTC', enabled: false, next_run_at: null }
  t.match(await readSchedule(first, 'other'), unnamed, 'it has the name of its kind')
  const { rows } = await first.db.pool.query(
    `select file, kind from darkroom.declared_schedules where name = any($1) order by name`,
    [untouched]
  )
  t.match(rows, [
    { file: /other\.ts$/, kind: 'other' },
    { file: /report\.ts$/, kind: 'report' },
    { file: /report\.ts$/, kind: 'report' }
  ])
})

const idOf = (name: string) => before.find(schedule => schedule.name === name)!.id
await first.patch('/api/schedules/edited', { cron: '0 5 * * *', note: 'later', enabled: false })
await first.patch(`/api/schedules/${idOf('edited, too')}`, { every: 40 })
t.equal((await first.delete('/api/schedules/deleted')).statusCode, 204)
// The same in another order, beside a comment.
const reordered = { cron: edited.cron, args: edited.args, name: edited.name }
await rewrite(
  folder,
  'edited.ts',
  `// a comment\n${moduleOf('edited', reordered, { name: 'edited, too', every: 3000 })}`
)
await rewrite(folder, 'removed.ts', moduleOf('removed', removed[1]!))
// Without its kind, too.
await rewrite(folder, 'lost.ts', moduleOf('another'))
const second = await start(t, folder, first)

await t.test('another start changes nothing', async t => {
  const mine = ({ name }: ScheduleBody) => untouched.includes(name)
  t.strictSame((await own(second)).filter(mine), before.filter(mine))
})

await t.test('a change by API stays while the text of that schedule does', async t => {
  t.match(await readSchedule(second, 'edited'), { cron: '0 5 * * *', note: 'later', enabled: false })
})

await t.test('one that was deleted by API stays deleted', async t => {
  t.equal((await second.get('/api/schedules/deleted')).statusCode, 404)
})

await t.test('one that is removed from its module is disabled', async t => {
  t.match(await readSchedule(second, 'removed'), { id: idOf('removed'), enabled: false, next_run_at: null })
  t.match(await readSchedule(second, 'lost'), { enabled: false, next_run_at: null })
  t.match(await readSchedule(second, 'left in'), { enabled: true })
})

await second.patch('/api/schedules/lost', { enabled: true })
await rewrite(
  folder,
  'edited.ts',
  moduleOf('edited', { name: 'edited, too', every: 3000 }, { ...edited, cron: '0 6 * * *' })
)
await rewrite(folder, 'deleted.ts', moduleOf('deleted', { ...daily, name: 'deleted', cron: '0 6 * * *' }))
await rewrite(folder, 'removed.ts', moduleOf('removed', ...removed))
const third = await start(t, folder, second)

await t.test('a changed text wins over a change by API', async t => {
  const wins = { cron: '0 6 * * *', note: null, enabled: true, next_run_at: /T0[45]:00:00.000Z$/ }
  t.match(await readSchedule(third, 'edited'), { id: idOf('edited'), ...wins })
  t.match(await readSchedule(third, idOf('edited, too')), { every: 40 }, 'the other one has not changed')
})

await t.test('and brings back none that was deleted', async t => {
  t.equal((await third.get('/api/schedules/deleted')).statusCode, 404)
})

await t.test('one that was removed comes back with its text', async t => {
  const back = { id: idOf('removed'), enabled: true, cron: daily.cron, next_run_at: /Z$/ }
  t.match(await readSchedule(third, 'removed'), back)
  t.match(await readSchedule(third, 'lost'), { enabled: true }, 'what was enabled by API stays')
  t.strictSame(await occurrencesOf(third, 'removed'), [])
})

t.test('workers that start together put a schedule in once', async t => {
  const TASKS_DIR = await taskFolder(t, { 'report.ts': moduleOf('report', daily) })
  const service = await openService(t, { env: { TASKS_DIR, WORKER_CONCURRENCY: '1' } })

  await Promise.all([service.startWorker(), service.startWorker(), service.startWorker()])

  t.match(await own(service), [{ name: 'report' }])
})

t.test('a worker without the modules of another one disables none of their schedules', async t => {
  const TASKS_DIR = await taskFolder(t, { 'report.ts': moduleOf('report', daily) })
  const first = await openService(t, { env: { TASKS_DIR, WORKER_CONCURRENCY: '1' }, worker: true })

  const others = await taskFolder(t, { 'other.ts': moduleOf('other', { name: 'other', every: 60 }) })
  const same = { WORKER_CONCURRENCY: '1', DATABASE_URL: first.url, DATA_DIR: first.dataDir }
  for (const env of [same, { ...same, TASKS_DIR: others }]) {
    await openService(t, { env, worker: true })
  }

  t.match(await readSchedule(first, 'report'), { enabled: true, next_run_at: /Z$/ })
  t.match(await readSchedule(first, 'other'), { enabled: true })
})

t.test('one whose name is taken by another schedule is not put in, and the log says so', async t => {
  const TASKS_DIR = await taskFolder(t, { 'report.ts': moduleOf('report', daily) })
  const said: any[] = []
  const env = { TASKS_DIR, WORKER_CONCURRENCY: '1' }
  const service = await openService(t, { env, hear: line => said.push(line) })
  const body = { name: 'report', args: { data: '' }, every: 60 }
  const { id } = (await service.post('/api/schedules', body)).json()

  const worker = await service.startWorker()

  t.match(await own(service), [{ id, every: 60, task: 'process_data' }])
  t.match(
    said.find(({ msg }) => msg.includes('was not put in')),
    { schedule: 'report', file: /report\.ts$/ }
  )

  await t.test('house-keeping comes back when SQL has deleted it', async t => {
    await worker.stop(0)
    await service.db.pool.query('delete from darkroom.schedules where system')

    await service.startWorker()

    t.match(await readSchedule(service, 'sweep'), { system: true, enabled: true, next_run_at: /Z$/ })
  })
})

t.test('what does not fit stops the start, named by file, schedule and field', async t => {
  const refusals: [object | string, RegExp][] = [
    [{ ...daily, cron: '61 * * * *' }, /wrong\.ts: schedule "report": cron minute: 61 is not from 0 to 59/],
    [{ ...daily, every: 60 }, /wrong\.ts: schedule "report": every says again/],
    [{ name: 'never' }, /wrong\.ts: schedule "never": cron is missing/],
    [{ cron: '0 0 30 2 *' }, /wrong\.ts: schedule "wrong": cron .* never comes/],
    [{ ...daily, timezone: 'Nowhere' }, /schedule "report": timezone "Nowhere" is not a time zone/],
    [{ ...daily, misss: 'once' }, /schedule "report": misss/],
    [{ ...daily, missed: 'twice' }, /schedule "report": missed/],
    [{ ...daily, task: 5 }, /schedule "report": task/],
    [{ ...daily, task: 'add' }, /schedule "report": task is the kind/],
    [{ ...daily, args: 5 }, /schedule "report": args/],
    [{ ...daily, queue: 5 }, /schedule "report": queue/],
    [{ name: 5, every: 60 }, /wrong\.ts: schedule 5: name/],
    [{ every: 0 }, /schedule "wrong": every/],
    ['5', /The schedules of the task "wrong" must be a list/],
    ['[5]', /wrong\.ts/],
    ['[null]', /wrong\.ts/]
  ]
  const DATABASE_URL = await borrowDatabase(t)
  for (const [schedule, message] of refusals) {
    const list = typeof schedule === 'string' ? schedule : JSON.stringify([schedule])
    const TASKS_DIR = await taskFolder(t, { 'wrong.ts': inlineModule('wrong', 'return 1', `schedules: ${list}`) })
    await t.rejects(openService(t, { env: { TASKS_DIR, DATABASE_URL } }), { message }, list)
  }
  const args = inlineModule('strict', 'return 1', `schedules: [{ every: 60, args: { x: 'no' } }]`)
  const strict = args.replace('Type.Record(Type.String(), Type.Any())', 'Type.Object({ x: Type.Number() })')
  const TASKS_DIR = await taskFolder(t, {
    'a.ts': moduleOf('a', daily, { name: 'one', every: 0 }),
    'b.ts': moduleOf('b', daily),
    'strict.ts': strict
  })
  const { message } = await openService(t, { env: { TASKS_DIR, DATABASE_URL } }).then(
    () => new Error('it starts'),
    error => error
  )
  t.match(message, /a\.ts: schedule "one": every /)
  t.match(message, /b\.ts: schedule "report": name is taken/)
  t.match(message, /strict\.ts: schedule "strict": args\.x /)
  t.equal(message.split('\n').length, 3, 'every problem is listed')
})

t.test('a moment that has passed does not stop the start', async t => {
  const passed = { at: '2020-01-01T00:00:00Z' }
  const ended = { name: 'ended', every: 60, end_at: '2020-01-01T00:00:00Z' }
  const TASKS_DIR = await taskFolder(t, { 'past.ts': moduleOf('past', passed, ended) })

  const service = await openService(t, { env: { TASKS_DIR }, worker: true })

  t.match(await readSchedule(service, 'ended'), { enabled: false, next_run_at: null, total_run_count: 0 })
  t.equal((await service.get('/api/tasks?task=past&state=SUCCESS')).json().items.length, 0)
})
