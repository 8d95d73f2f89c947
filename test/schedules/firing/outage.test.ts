import t, { type Test } from 'tap'
import { waitingForLocks } from '../../harness/locks.ts'
import {
  addSchedule,
  eachHasItsTask,
  fired,
  inSeconds,
  occurrencesOf,
  readSchedule,
  untilOccurrences
} from '../../harness/schedules.ts'
import { openService, type Service } from '../../harness/service.ts'
import { inlineModule, taskFolder } from '../../harness/task-folder.ts'
import { until } from '../../harness/until.ts'
import { spawnWorker, withoutFilms } from '../../harness/worker-process.ts'

const TASKS_DIR = await taskFolder(t, { 'quick.ts': inlineModule('quick', 'return 1') })
const quick = { task: 'quick', args: {} }
const env = { TASKS_DIR, WORKER_CONCURRENCY: '1' }
const minute = 60_000

/** What a worker finds that starts, and what it makes of it. */
type Case = [title: string, prepare: (service: Service) => Promise<(t: Test) => Promise<void>>]

const cases: Case[] = [
  [
    'a cursor that went back, as with the clock, makes no second task',
    async service => {
      const worker = await service.startWorker()
      await addSchedule(service, { name: 'back', every: 1, ...quick })
      const before = await untilOccurrences(service, 'back', 3)
      await worker.stop(0)
      const known = await occurrencesOf(service, 'back')

      await service.db.pool.query(`update darkroom.schedules set next_run_at = $1 where name = 'back'`, [
        before[0]!.due_at
      ])

      return async t => {
        const all = await untilOccurrences(service, 'back', known.length + 2)
        t.strictSame(all.slice(0, known.length), known)
        t.ok(await eachHasItsTask(service, 'back'))
      }
    }
  ],
  [
    'a plan of a clock that was ahead is made again',
    async service => {
      await addSchedule(service, { name: 'ahead', every: 1, ...quick })
      await addSchedule(service, { name: 'ahead once', at: inSeconds(3600), ...quick })
      const later = `now() + interval '1 hour'`
      await service.db.pool.query(
        `update darkroom.schedules set planned_at = ${later}, next_run_at = case when every is null then next_run_at else ${later} end
        where name like 'ahead%'`
      )

      return async t => {
        await untilOccurrences(service, 'ahead', 2)
        t.ok(await eachHasItsTask(service, 'ahead'))
        t.strictSame(await occurrencesOf(service, 'ahead once'), [])
      }
    }
  ],
  [
    'after an outage of ten minutes a schedule of every minute does what its policy says',
    async service => {
      // Half a minute from the next moment: none is exactly a minute late.
      const start_at = inSeconds(30 - 86_400)
      for (const missed of ['skip', 'once', 'all']) {
        await addSchedule(service, { name: `${missed} of a minute`, every: 60, start_at, missed, ...quick })
      }
      await service.db.pool.query(
        `update darkroom.schedules set next_run_at = next_run_at - interval '10 minutes' where name like '% of a minute'`
      )

      return async t => {
        for (const [missed, fate] of [
          ['skip', { outcome: 'skipped', reason: 'missed' }],
          ['once', { outcome: 'coalesced', reason: 'missed' }],
          ['all', { outcome: 'fired', reason: null }]
        ] as const) {
          const all = await untilOccurrences(service, `${missed} of a minute`, 10)
          for (const [index, each] of all.entries()) {
            if (index > 0) t.equal(Date.parse(each.due_at), Date.parse(all[index - 1]!.due_at) + minute)
          }
          const late = all.filter(({ late_by }) => late_by > 60)
          t.ok(late.length >= 9)
          const [newest] = late.slice(-1)
          for (const each of late)
            t.match(each, missed === 'once' && each === newest ? { outcome: 'fired' } : fate, missed)
          for (const each of all.filter(({ late_by }) => late_by < 60)) t.match(each, { outcome: 'fired' })
          t.ok(await eachHasItsTask(service, `${missed} of a minute`))
          const { total_run_count, total_skipped, next_run_at } = await readSchedule(service, `${missed} of a minute`)
          t.equal(total_run_count, fired(all).length)
          t.equal(total_skipped, all.length - fired(all).length)
          t.equal(Date.parse(next_run_at!), Date.parse(all.at(-1)!.due_at) + minute)
        }
      }
    }
  ],
  [
    'after an outage of a day a schedule of every second is on time again',
    async service => {
      for (const missed of ['skip', 'once', 'all']) {
        await addSchedule(service, {
          name: `${missed} of a second`,
          every: 1,
          start_at: inSeconds(-100_000),
          missed,
          ...quick
        })
      }
      await service.db.pool.query(
        `update darkroom.schedules set next_run_at = next_run_at - interval '1 day' where name like '% of a second'`
      )

      return async t => {
        // In the moment between a decision and its row, an occurrence may come to be a minute late.
        for (const [missed, least, most] of [
          ['skip', 0, 5],
          ['once', 1, 6],
          ['all', 100, 110]
        ] as const) {
          const isOnTime = async () =>
            Date.parse((await readSchedule(service, `${missed} of a second`)).next_run_at!) > Date.now() - 10_000
          await until(isOnTime, `${missed} is on time`)
          const { rows } = await service.db.pool.query(
            `select
              sum(count)::int as sum, max(count) as longest, (max(due_at) - min(due_at)) = (sum(count) - 1) * interval '1 s' as whole,
              (count(*) filter (where outcome = 'fired' and decided_at - due_at > interval '60 s'))::int as late,
              (count(*) filter (where outcome <> 'fired' and decided_at - due_at < interval '60 s'))::int as skipped
            from darkroom.occurrences where schedule_id = (select id from darkroom.schedules where name = $1)`,
            [`${missed} of a second`]
          )
          const [{ sum, longest, whole, late, skipped }] = rows
          t.ok(sum >= 86_400)
          t.ok(longest > 100, 'many are one row')
          t.ok(whole, 'each second is in one row')
          t.ok(late >= least && late <= most, `${late} late ones have fired`)
          t.equal(skipped, 0)
        }
      }
    }
  ],
  [
    'a worker with newer time zone data plans cron schedules again',
    async service => {
      const cron = '0 12 29 2 *'
      const made = await addSchedule(service, { name: 'old data', cron, timezone: 'America/Vancouver', ...quick })
      await addSchedule(service, { name: 'newer data', cron, timezone: 'America/Vancouver', ...quick })
      await addSchedule(service, { name: 'no zone', at: made.next_run_at, ...quick })
      await service.db.pool.query(
        `update darkroom.schedules set next_run_at = next_run_at + interval '1 hour',
          tzdata = case name when 'newer data' then '2999a' else '2020a' end
        where name in ('old data', 'newer data', 'no zone')`
      )
      const wrong = (await readSchedule(service, 'newer data')).next_run_at

      return async t => {
        const isRight = async () => (await readSchedule(service, 'old data')).next_run_at === made.next_run_at
        await until(isRight, 'its next moment is right')
        for (const name of ['newer data', 'no zone']) t.match(await readSchedule(service, name), { next_run_at: wrong })
        const { rows } = await service.db.pool.query(`select tzdata from darkroom.schedules where name = 'old data'`)
        t.strictSame(rows, [{ tzdata: process.versions.tz }])
      }
    }
  ]
]

t.test('a worker that starts after an outage finds what is wrong', async t => {
  const service = await openService(t, { env })
  const checks: [title: string, check: (t: Test) => Promise<void>][] = []
  for (const [title, prepare] of cases) checks.push([title, await prepare(service)])

  await service.startWorker()

  t.jobs = checks.length
  for (const [title, check] of checks) t.test(title, check)
})

t.test('after a kill -9 in the middle of 300 due schedules each occurrence is one task', async t => {
  const service = await openService(t, { env: { ...env, ...withoutFilms } })
  const { db } = service
  for (let number = 0; number < 300; number++) {
    await addSchedule(service, { name: `n ${number}`, every: 86_400, start_at: inSeconds(3600), ...quick })
  }
  await db.pool.query(
    `update darkroom.schedules set next_run_at = date_trunc('milliseconds', now()) - (301 - substr(name, 3)::int) * interval '1 ms'`
  )
  // The first worker waits in its second transaction, at this occurrence.
  await db.pool.query(`
    create function darkroom.hold() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock_shared(1); return new; end';
    create trigger hold before insert on darkroom.occurrences for each row
      when (new.schedule_id = '${(await readSchedule(service, 'n 250')).id}') execute function darkroom.hold()`)
  const client = await db.pool.connect()
  await client.query('select pg_advisory_lock(1)')
  const worker = await spawnWorker(t, service)
  await waitingForLocks(service, 'the worker is in the middle')
  // Without those of house-keeping, some of which come each minute.
  const own = 'schedule_id in (select id from darkroom.schedules where not system)'
  const count = async (table: string) =>
    (await db.pool.query(`select count(*)::int from darkroom.${table} where ${own}`)).rows[0].count
  t.strictSame([await count('occurrences'), await count('tasks')], [200, 200])

  worker.kill('SIGKILL')
  await worker.exited
  await client.query('select pg_advisory_unlock(1)')
  client.release()
  await service.startWorker()

  await until(async () => (await count('occurrences')) >= 300, 'all of them have fired')
  const { rows } = await db.pool.query(`
    select s.name, count(distinct o.task_id)::int as occurrences, count(distinct t.id)::int as tasks
    from darkroom.schedules s
    left join darkroom.occurrences o on o.schedule_id = s.id and o.outcome = 'fired'
    left join darkroom.tasks t on t.schedule_id = s.id
    where not s.system
    group by s.name`)
  t.equal(rows.length, 300)
  t.strictSame(
    rows.filter(({ occurrences, tasks }) => occurrences !== 1 || tasks !== 1),
    []
  )
  const alarms = `select count(*)::int from darkroom.schedules s where not system and not exists (
    select from pgboss.job j
    where j.name = 'due' and j.state < 'active' and j.data->>'schedule' = s.id::text and j.start_after = s.next_run_at)`
  t.strictSame((await db.pool.query(alarms)).rows, [{ count: 0 }], 'each has its next alarm')
})
