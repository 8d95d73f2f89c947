import t from 'tap'
import { rollUp } from '../../src/stats/roll-up.ts'
import { openService, type Service } from '../harness/service.ts'

const options = { historyExpires: 30 * 86_400 }

/** Minutes of the last hours, one task each; and what the hours have then. */
async function fill({ db }: Service, hours: number) {
  await db.pool.query(
    `insert into darkroom.minutes (minute, task, queue, created, succeeded, wait_hist)
     select minute, 'add', 'default', 1, 2, '{0,3}'
     from generate_series(
       date_trunc('hour', now()) - $1::int * interval '1 hour', now() - interval '1 minute', '1 minute'
     ) minute`,
    [hours]
  )
  await db.pool.query(
    `insert into darkroom.queue_minutes (minute, queue, depth, oldest, running, next_sample_at)
     select minute, 'default', extract(minute from minute), 1.5, 1, now() from darkroom.minutes
     on conflict do nothing`
  )
}

const hoursOf = async ({ db }: Service) =>
  (
    await db.pool.query(
      `select hour, created, succeeded, wait_hist from darkroom.hours where task = 'add' order by hour`
    )
  ).rows
const minutesLeft = async ({ db }: Service) =>
  (await db.pool.query<{ count: number }>(`select count(*)::int from darkroom.minutes where task = 'add'`)).rows[0]!
    .count

t.test('minutes become hours, and go after 48 hours', async t => {
  const service = await openService(t)
  await fill(service, 60)
  const filled = await minutesLeft(service)

  const done = await rollUp(service.db.pool, options)

  const hours = await hoursOf(service)
  // The last hour may be less than five minutes ago.
  t.ok(hours.length === 60 || hours.length === 59)
  for (const each of hours) t.match(each, { created: 60, succeeded: 120, wait_hist: [0, 180] })
  const left = await minutesLeft(service)
  t.match(done, { minutes: filled - left, hours: 0 })
  // An hour may have ended meanwhile.
  t.ok(left >= 47 * 60 && left < 49 * 60, `${left} minutes are left`)
  const { rows } = await service.db.pool.query('select distinct depth, oldest, running from darkroom.queue_hours')
  t.strictSame(rows, [{ depth: 59, oldest: 1.5, running: 1 }])

  await t.test('again, with the same sums', async t => {
    const again = await rollUp(service.db.pool, options)
    t.ok(again.summed <= 4, 'only the last hours are read again')
    t.strictSame(await hoursOf(service), hours)
  })

  await t.test('counts that come late are added', async t => {
    const late = hours.at(-1)!.hour
    await service.db.pool.query('update darkroom.minutes set created = 11 where minute = $1', [late])
    await rollUp(service.db.pool, options)
    t.equal((await hoursOf(service)).at(-1)!.created, 70)
  })

  await t.test('hours go after HISTORY_EXPIRES, in batches', async t => {
    await service.db.pool.query(
      `insert into darkroom.hours (hour, task, queue, created)
       select now() - interval '40 days', 'old' || n, 'default', 1 from generate_series(1, 2500) n`
    )
    await service.db.pool.query(
      `insert into darkroom.queue_hours (hour, queue, depth, oldest, running)
       values (now() - interval '40 days', 'default', 1, 1, 1)`
    )
    t.equal((await rollUp(service.db.pool, options)).hours, 2_501)
    t.ok((await hoursOf(service)).length >= 59)
  })
})

t.test('a note of two days ago does not replace the sum of its hour', async t => {
  const service = await openService(t)
  const { pool } = service.db
  await pool.query(
    `insert into darkroom.hours (hour, task, queue, created, succeeded)
     values (date_trunc('hour', now()) - interval '60 hours', 'add', 'default', 100, 90)`
  )
  await pool.query(
    `insert into darkroom.uncounted (minute, task, queue, created)
     values (date_trunc('hour', now()) - interval '60 hours', 'add', 'default', 1)`
  )

  await rollUp(pool, options)

  t.match(await hoursOf(service), [{ created: 100, succeeded: 90 }])
  t.strictSame((await pool.query('select from darkroom.uncounted')).rows, [])
})

t.test('two at once sum each hour once', async t => {
  const service = await openService(t)
  await fill(service, 55)

  await Promise.all(Array.from({ length: 4 }, () => rollUp(service.db.pool, options)))
  await rollUp(service.db.pool, options)

  const hours = await hoursOf(service)
  t.ok(hours.length >= 54)
  for (const each of hours) t.match(each, { created: 60, succeeded: 120 })
  t.ok((await minutesLeft(service)) < 49 * 60 + 60)
})

t.test('house-keeping does it each hour', async t => {
  const service = await openService(t, { worker: true })
  await fill(service, 50)
  const filled = await minutesLeft(service)

  const task = await service.finished(await service.submit('roll_up'))

  t.match(task, { state: 'SUCCESS', result: { minutes: filled - (await minutesLeft(service)) } })
  t.ok(filled - (await minutesLeft(service)) >= 2 * 60)
  const items = (
    await service.get(`/api/stats/series?metric=created&from=${new Date(Date.now() - 49.5 * 3_600_000).toISOString()}`)
  ).json().items as { created: number }[]
  t.ok(
    items.slice(0, -1).every(({ created }) => created === 60),
    'the chart has no gap'
  )
})
