import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { becomes } from '../../harness/becomes.ts'
import {
  addSchedule,
  eachHasItsTask,
  fired,
  inSeconds,
  occurrencesOf,
  readSchedule,
  tasksOf,
  untilOccurrences
} from '../../harness/schedules.ts'
import { openService } from '../../harness/service.ts'
import { inlineModule, taskFolder } from '../../harness/task-folder.ts'
import { until } from '../../harness/until.ts'

const TASKS_DIR = await taskFolder(t, {
  'quick.ts': inlineModule('quick', 'return 1'),
  'gate.ts': inlineModule('gate', 'while (!existsSync(args.gate)) await delay(20, undefined, { signal })')
})
const quick = { task: 'quick', args: {} }
const env = { TASKS_DIR, WORKER_CONCURRENCY: '1' }
const service = await openService(t, { env })
await Promise.all([service.startWorker(), service.startWorker()])

// Each test has schedules of its own, and mostly waits for seconds to go by.
t.jobs = 6

t.test('with two workers each second is one occurrence and one task', async t => {
  const { created_at } = await addSchedule(service, { name: 'seconds', every: 1, ...quick })

  const occurrences = await untilOccurrences(service, 'seconds', 6)

  for (const [index, { due_at, outcome, late_by, manual }] of occurrences.entries()) {
    t.equal(Date.parse(due_at), Date.parse(created_at) + index * 1000, 'each second of its grid has one')
    t.match({ outcome, manual, early: late_by < 0 }, { outcome: 'fired', manual: false, early: false })
  }
  t.ok(await eachHasItsTask(service, 'seconds'))
  for (const { task_id } of occurrences) {
    t.match(await service.finished(task_id!), { state: 'SUCCESS', attempts: 1, name: 'seconds', task: 'quick' })
  }
  const { total_run_count, last_run_at, last_task_id } = await readSchedule(service, 'seconds')
  t.ok(total_run_count >= 6)
  t.ok(last_run_at)
  t.ok((await tasksOf(service, 'seconds')).some(({ id }) => id === last_task_id))
})

t.test('a cron text with seconds and a moment are fired, and a moment disables its schedule', async t => {
  const at = inSeconds(1)
  await addSchedule(service, { name: 'moment', at, ...quick })
  await addSchedule(service, { name: 'cron', cron: '* * * * * *', ...quick })

  const [only] = await untilOccurrences(service, 'moment', 1)
  const [one, two] = await untilOccurrences(service, 'cron', 2)

  t.match(only, { due_at: at, outcome: 'fired' })
  t.match(await readSchedule(service, 'moment'), { enabled: false, next_run_at: null, total_run_count: 1 })
  t.equal(Date.parse(one!.due_at) % 1000, 0)
  t.equal(Date.parse(two!.due_at) - Date.parse(one!.due_at), 1000)
})

t.test('each next moment has an alarm in the queue due', async t => {
  const alarms = async (name: string) => {
    const { rows } = await service.db.pool.query(
      `select j.start_after from pgboss.job j join darkroom.schedules s on s.id::text = j.data->>'schedule'
      where s.name = $1 and j.name = 'due' and j.state < 'active'`,
      [name]
    )
    return rows.map(({ start_after }) => start_after.toISOString()).join()
  }
  const { next_run_at } = await addSchedule(service, { name: 'far', at: inSeconds(3600), ...quick })

  await until(async () => (await alarms('far')) === next_run_at, 'it has an alarm')
  await addSchedule(service, { name: 'once', at: inSeconds(0), ...quick })
  await untilOccurrences(service, 'once', 1)
  t.equal(await alarms('once'), '', 'an alarm that has rung is used up')
})

t.test('a change takes effect while workers run', async t => {
  await addSchedule(service, { name: 'moved', at: inSeconds(3600), ...quick })
  await service.patch('/api/schedules/moved', { every: 1 })
  await untilOccurrences(service, 'moved', 2)

  await service.patch('/api/schedules/moved', { enabled: false })

  const before = await occurrencesOf(service, 'moved')
  // Long enough for another occurrence: the worker has handled this one.
  await addSchedule(service, { name: 'later', at: inSeconds(2), ...quick })
  await untilOccurrences(service, 'later', 1)
  t.strictSame(await occurrencesOf(service, 'moved'), before)
  const declared = 'select from pgboss.schedule where key = $1'
  const { id } = await addSchedule(service, { name: 'declared', cron: '0 0 1 1 *', ...quick })
  await until(async () => (await service.db.pool.query(declared, [id])).rowCount, 'it is declared')
})

t.test('a change that leaves its next moment where it was is declared, too', async t => {
  const { id } = await addSchedule(service, { name: 'leap day', cron: '0 0 29 2 *', ...quick })
  const declared = async () => {
    const { rows } = await service.db.pool.query('select cron from pgboss.schedule where key = $1', [id])
    return rows[0]?.cron
  }
  await becomes(t, declared, '0 0 29 2 *')
  const { next_run_at } = await readSchedule(service, 'leap day')

  await service.patch('/api/schedules/leap%20day', { cron: '0 0 29-29 2 *' })
  await becomes(t, declared, '0 0 29-29 2 *')
  await service.db.pool.query(`select ops.set_schedule('leap day', cron => '0 0 29 2-2 *')`)
  await becomes(t, declared, '0 0 29 2-2 *')
  const byHand = `update darkroom.schedules set cron = '0 0-0 29 2 *', planned_at = null where name = 'leap day'`
  await service.db.pool.query(byHand)
  await becomes(t, declared, '0 0-0 29 2 *')
  t.equal((await readSchedule(service, 'leap day')).next_run_at, next_run_at)
})

t.test('without its end a task stops those of an overlap', async t => {
  const gate = path.join(service.dataDir, 'gate')
  await addSchedule(service, { name: 'slow', every: 1, task: 'gate', args: { gate }, overlap: 'skip' })
  const [first, ...others] = await untilOccurrences(service, 'slow', 3)
  t.match(first, { outcome: 'fired', reason: null })
  for (const each of others) t.match(each, { outcome: 'skipped', reason: 'overlap', task_id: null })

  await writeFile(gate, '')
  await service.finished(first!.task_id!)

  await until(async () => fired(await occurrencesOf(service, 'slow')).length >= 2, 'it fires again')
  t.ok((await readSchedule(service, 'slow')).total_skipped >= 2)
})

t.test('a schedule for one task, and one with an end, disable themselves', async t => {
  const start_at = inSeconds(1)
  const end_at = new Date(Date.parse(start_at) + 2000).toISOString()
  await addSchedule(service, { name: 'one-off', every: 1, one_off: true, ...quick })
  await addSchedule(service, { name: 'ending', every: 1, start_at, end_at, ...quick })
  const isOver = async (name: string) => !(await readSchedule(service, name)).enabled

  for (const name of ['one-off', 'ending']) await until(() => isOver(name), `${name} is over`)

  t.match(await readSchedule(service, 'one-off'), { enabled: false, next_run_at: null, total_run_count: 1 })
  t.equal((await tasksOf(service, 'one-off')).length, 1)
  t.match(await occurrencesOf(service, 'ending'), [{ due_at: start_at }, {}, { due_at: end_at }])
  t.match(await readSchedule(service, 'ending'), { next_run_at: null, total_run_count: 3 })
})

t.test('a film with an open task makes an overlap, and the others go on', async t => {
  await service.post('/api/queues/media/pause')
  const film = await service.keep('no film')
  await addSchedule(service, { name: 'film', every: 1, task: 'process_video', args: { video_id: film.id } })
  await addSchedule(service, { name: 'beside the film', every: 1, ...quick })

  await untilOccurrences(service, 'beside the film', 3)

  for (const each of await untilOccurrences(service, 'film', 3)) {
    t.match(each, { outcome: 'skipped', reason: 'overlap', task_id: null })
  }
  const steady = await occurrencesOf(service, 'beside the film')
  t.equal(fired(steady).length, steady.length)
})

t.test('a worker that does not know the kind makes the task as it was when the schedule was saved', async t => {
  const service = await openService(t, { env })
  const settings = { max_retries: 7, priority: 5, tags: ['x'], expires: 60 }
  await addSchedule(service, { name: 'unknown kind', every: 1, args: { gate: 'y' }, task: 'gate', ...settings })
  const other = await openService(t, {
    env: { WORKER_CONCURRENCY: '1', DATABASE_URL: service.url, DATA_DIR: service.dataDir },
    worker: true
  })

  const [first] = await untilOccurrences(other, 'unknown kind', 1)

  const { rows } = await service.db.pool.query('select * from darkroom.tasks where id = $1', [first!.task_id])
  const { expires, ...kept } = settings
  t.match(rows[0], { task: 'gate', args: { gate: 'y' }, state: 'PENDING', name: 'unknown kind', ...kept })
  t.equal(rows[0].expires_at - rows[0].created_at, expires * 1000)
  t.equal(rows[0].schedule_id, (await readSchedule(service, 'unknown kind')).id)
  await service.startWorker()
  t.match(await other.until(first!.task_id!, ({ state }) => state !== 'PENDING'), { task: 'gate' })
})
