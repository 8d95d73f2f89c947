import t from 'tap'
import type { OccurrenceBody } from '../../src/schedules/schemas.ts'
import { byHand } from '../harness/by-hand.ts'
import {
  addSchedule,
  eachHasItsTask,
  fired,
  inSeconds,
  occurrencesOf,
  readSchedule,
  untilOccurrences,
  wake
} from '../harness/schedules.ts'
import { openService } from '../harness/service.ts'
import { inlineModule, taskFolder } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'

const TASKS_DIR = await taskFolder(t, { 'quick.ts': inlineModule('quick', 'return 1') })
const quick = { task: 'quick', args: {} }
// Each test has schedules of its own.
const service = await openService(t, { env: { TASKS_DIR, WORKER_CONCURRENCY: '1' }, worker: true })

const losses = {
  'all alarms': `delete from pgboss.job where name = 'due'`,
  'all rows of pgboss.schedule': 'delete from pgboss.schedule',
  'both, and the note of its alarm': `
    delete from pgboss.job where name = 'due'; delete from pgboss.schedule; update darkroom.schedules set armed_for = null`,
  'the queue of alarms': `select pgboss.delete_queue('due')`
}
for (const [number, [what, statement]] of Object.entries(losses).entries()) {
  await t.test(`schedules go on after a DBA has removed ${what}`, async t => {
    const steady = `steady ${number}`
    await addSchedule(service, { name: steady, every: 1, ...quick })
    await addSchedule(service, { name: `new year ${number}`, cron: '0 0 1 1 *', ...quick })
    const { length } = await untilOccurrences(service, steady, 1)

    await byHand(service.db.pool, statement)

    const all = await untilOccurrences(service, steady, length + 3)
    t.equal(fired(all).length, all.length)
    t.ok(await eachHasItsTask(service, steady))
    const { rows } = await service.db.pool.query(`select from pg_indexes where indexname = 'darkroom_alarms'`)
    t.equal(rows.length, 1)
    await addSchedule(service, { name: `after that ${number}`, every: 1, ...quick })
    await untilOccurrences(service, `after that ${number}`, 1)
    await service.db.pool.query('delete from darkroom.schedules where not system')
  })
}

// These wait for seconds to go by, beside each other.
t.jobs = 5

t.test('a schedule that a DBA deletes makes no more tasks, and the others go on', async t => {
  await addSchedule(service, { name: 'doomed', every: 1, ...quick })
  await addSchedule(service, { name: 'steady beside 1', every: 1, ...quick })
  await untilOccurrences(service, 'doomed', 1)

  await service.db.pool.query(`delete from darkroom.schedules where name = 'doomed'`)

  const { rows } = await service.db.pool.query(`select id from darkroom.tasks where name = 'doomed'`)
  const { length } = await occurrencesOf(service, 'steady beside 1')
  await untilOccurrences(service, 'steady beside 1', length + 3)
  t.strictSame((await service.db.pool.query(`select id from darkroom.tasks where name = 'doomed'`)).rows, rows)
})

t.test('while its queue is gone a schedule skips, and it fires again with its queue', async t => {
  const create = `select pgboss.create_queue('apart', '{"policy": "standard"}')`
  await service.db.pool.query(create)
  await addSchedule(service, { name: 'apart', every: 1, queue: 'apart', ...quick })
  await addSchedule(service, { name: 'steady beside 2', every: 1, ...quick })
  await until(async () => fired(await occurrencesOf(service, 'apart')).length > 0, 'it fires')

  await byHand(service.db.pool, `select pgboss.delete_queue('apart')`)
  const gone = ({ reason }: OccurrenceBody) => reason === 'queue_gone'
  await until(async () => (await occurrencesOf(service, 'apart')).filter(gone).length >= 2, 'it skips')
  const { length } = await occurrencesOf(service, 'steady beside 2')
  await untilOccurrences(service, 'steady beside 2', length + 2)
  await service.db.pool.query(create)

  await until(async () => fired((await occurrencesOf(service, 'apart')).slice(-1)).length === 1, 'it fires again')
  for (const each of (await occurrencesOf(service, 'apart')).filter(gone)) {
    t.match(each, { outcome: 'skipped', task_id: null })
  }
  const steady = await occurrencesOf(service, 'steady beside 2')
  t.equal(fired(steady).length, steady.length)
})

t.test('a transaction of a DBA that holds a schedule stops no other one', async t => {
  await addSchedule(service, { name: 'held', every: 1, ...quick })
  await addSchedule(service, { name: 'free', every: 1, ...quick })
  await untilOccurrences(service, 'held', 1)
  const client = await service.db.pool.connect()
  await client.query('begin')
  await client.query(`select from darkroom.schedules where name = 'held' for update`)
  const before = (await occurrencesOf(service, 'held')).length

  const { length } = await occurrencesOf(service, 'free')
  await untilOccurrences(service, 'free', length + 3)
  t.equal((await occurrencesOf(service, 'held')).length, before)
  await client.query('rollback')
  client.release()

  const all = await untilOccurrences(service, 'held', before + 4)
  t.equal(fired(all).length, all.length, 'what came meanwhile is made up')
  t.ok(await eachHasItsTask(service, 'held'))
})

t.test(
  'a schedule that was written with SQL is planned, and one that cannot be is disabled with the reason',
  async t => {
    const insert = `insert into darkroom.schedules (id, name, task, template, cron, every, timezone)
    select gen_random_uuid(), $1, 'quick', '{}', $2, $3, $4`
    await service.db.pool.query(insert, ['by SQL', null, 1, 'UTC'])
    await service.db.pool.query(insert, ['bad cron', '61 * * * *', null, 'UTC'])
    await service.db.pool.query(insert, ['bad zone', null, 60, 'Nowhere'])
    await wake(service)

    await untilOccurrences(service, 'by SQL', 2)

    t.match(await readSchedule(service, 'bad cron'), { enabled: false, next_run_at: null, note: /minute: 61 is not/ })
    t.match(await readSchedule(service, 'bad zone'), { enabled: false, next_run_at: null, note: /Nowhere/ })
    const past = { from: inSeconds(-60), to: inSeconds(0) }
    for (const response of [
      await service.get('/api/schedules/bad%20cron/preview'),
      await service.post('/api/schedules/bad%20cron/backfill', past)
    ]) {
      t.match(response.json(), { code: 'INVALID_REQUEST', errors: [{ field: 'cron' }] })
    }
    t.match((await service.patch('/api/schedules/bad%20cron', { enabled: true })).json(), { code: 'INVALID_REQUEST' })
    const mended = await service.patch('/api/schedules/bad%20cron', { enabled: true, cron: '0 0 1 1 *' })
    t.match(mended.json(), { enabled: true, note: null })
  }
)

t.test('a timing that SQL has spoilt disables its schedule when it is due, and the others go on', async t => {
  await addSchedule(service, { name: 'spoilt', cron: '* * * * * *', ...quick })
  await addSchedule(service, { name: 'spoilt later', cron: '0 0 1 1 *', ...quick })
  await addSchedule(service, { name: 'steady beside 5', every: 1, ...quick })
  await untilOccurrences(service, 'spoilt', 1)

  await service.db.pool.query(
    `update darkroom.schedules set cron = '61 * * * *',
      next_run_at = case name when 'spoilt' then next_run_at else now() + interval '1 hour' end
    where name like 'spoilt%'`
  )

  const isDisabled = async () => !(await readSchedule(service, 'spoilt')).enabled
  await until(isDisabled, 'it is disabled')
  t.match(await readSchedule(service, 'spoilt'), { next_run_at: null, note: /minute: 61 is not/ })
  const { length } = await occurrencesOf(service, 'steady beside 5')
  await untilOccurrences(service, 'steady beside 5', length + 2)
})
