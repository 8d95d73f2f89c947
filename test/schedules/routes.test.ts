import t from 'tap'
import { byHand } from '../harness/by-hand.ts'
import { addSchedule, age, inSeconds, occurrencesOf, readSchedule, tasksOf } from '../harness/schedules.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { walk } from '../harness/walk.ts'

const unknownId = '01980000-0000-7000-8000-000000000000'
const service = await openService(t)
const { get, post, patch } = service
const minute = 60_000

t.test('a schedule is made and shown with every field and default', async t => {
  const response = await post('/api/schedules', { name: 'every minute', args: { data: 'x' }, every: 60 })

  t.equal(response.statusCode, 201)
  const made = response.json()
  t.equal(response.headers.location, `/api/schedules/${made.id}`)
  const { id, created_at, updated_at, next_run_at, ...rest } = made
  t.strictSame(rest, {
    ...{ name: 'every minute', task: 'process_data', args: { data: 'x' }, queue: null, priority: null },
    ...{ cron: null, every: 60, at: null, timezone: 'UTC', start_at: null, end_at: null, jitter: 0 },
    ...{ enabled: true, one_off: false, missed: 'skip', missed_max: 100, overlap: 'allow', expires: null },
    ...{ max_retries: null, retry_delay: null, retry_backoff: null, retry_backoff_max: null, retry_jitter: null },
    ...{ time_limit: null, soft_time_limit: null, result_expires: null, description: null, note: null, tags: [] },
    ...{ system: false, last_run_at: null, last_task_id: null, total_run_count: 0, total_skipped: 0 }
  })
  t.equal(next_run_at, created_at, 'every fires at its creation, and from then on')
  t.ok(Math.abs(Date.parse(updated_at) - Date.parse(created_at)) < 1000)
  t.strictSame((await get(`/api/schedules/${id}`)).json(), made)
  t.strictSame((await get('/api/schedules/every%20minute')).json(), made)
})

t.test('its next moment is that of its cron text in its time zone, of start_at, or at', async t => {
  const at = inSeconds(3600)
  const start_at = inSeconds(7200)

  t.match(await addSchedule(service, { name: 'by at', at }), { at, next_run_at: at, every: null, cron: null })
  t.match(await addSchedule(service, { name: 'by start', every: 10, start_at }), { next_run_at: start_at })
  const leap = { name: 'leap day', cron: '30 12 29 2 *', timezone: 'asia/tokyo', start_at: '2097-01-01T00:00:00Z' }
  t.match(await addSchedule(service, leap), { timezone: 'Asia/Tokyo', next_run_at: '2104-02-29T03:30:00.000Z' })
  const just = inSeconds(-30)
  t.match(await addSchedule(service, { name: 'just over', at: just }), { next_run_at: just })
})

t.test('a setting of the installation is the default time zone', async t => {
  const there = await openService(t, { env: { TIMEZONE: 'America/New_York' } })

  t.match(await addSchedule(there, { name: 'daily', cron: '@daily' }), { timezone: 'America/New_York' })
})

t.test('what is unknown is not found, whatever the request', async t => {
  for (const named of [unknownId, 'nothing', 'no%2Fthing', '%20', 'é'.repeat(300)]) {
    const there = `/api/schedules/${named === 'é'.repeat(300) ? encodeURIComponent(named) : named}`
    const past = { from: inSeconds(-7200), to: inSeconds(-3600) }
    const answers = await Promise.all([
      get(there),
      patch(there, { enabled: false }),
      service.delete(there),
      post(`${there}/run`),
      post(`${there}/backfill`, past),
      get(`${there}/preview`),
      get(`${there}/occurrences`)
    ])
    for (const answer of answers) {
      t.match([answer.statusCode, answer.json().code], [404, 'SCHEDULE_NOT_FOUND'], answer.body)
    }
  }
})

t.test('the list has the newest first, in pages, and is filtered', async t => {
  const there = await openService(t)
  for (const name of ['a', 'b', 'c 100%', 'd']) await addSchedule(there, { name, every: 60, enabled: name !== 'b' })
  await addSchedule(there, { name: 'e', every: 60, task: 'add', args: { x: 1, y: 1 }, description: 'Summe B' })
  const names = async (query: string) => {
    const { items } = (await there.get(`/api/schedules?${query}`)).json()
    return items.map(({ name }: { name: string }) => name).join(' ')
  }

  t.equal(await names(''), 'e d c 100% b a')
  t.equal(await names('enabled=false'), 'b')
  t.equal(await names('enabled=true'), 'e d c 100% a')
  t.equal(await names('system=true'), '')
  t.equal(await names('task=add'), 'e')
  t.equal(await names('q=b'), 'e b')
  t.equal(await names('q=100%25'), 'c 100%')
  t.equal(await names('q=_'), '')
  const first = (await there.get('/api/schedules?limit=2')).json()
  t.ok(first.next_cursor)
  t.equal(await names(`limit=10&cursor=${first.next_cursor}`), 'c 100% b a')
  for (const bad of ['cursor=x', 'limit=0', 'enabled=maybe', 'else=1', 'q=%00']) {
    t.equal((await there.get(`/api/schedules?${bad}`)).statusCode, 400, bad)
  }
})

t.test('a page ends where its schedules are large, and its cursors lead on and back', async t => {
  await addSchedule(service, { name: 'small', every: 60, enabled: false })
  // Half of them hardly compress.
  await service.db.pool.query(
    `insert into darkroom.schedules
    select (jsonb_populate_record(s, jsonb_build_object(
      'id', gen_random_uuid(), 'name', 'large ' || n, 'created_at', now() - n * interval '1 second',
      'args', jsonb_build_object('data', case
        when n % 2 = 0 then repeat('x', 1000000)
        else (select string_agg(md5((n * 100000 + m)::text), '') from generate_series(1, 31250) m)
      end)
    ))).*
    from darkroom.schedules s, generate_series(1, 15) n where s.name = 'small'`
  )

  await walk(t, service, '/api/schedules?q=large', 15)
  await service.db.pool.query("delete from darkroom.schedules where name ~ '^(small|large)'")
})

t.test('a name that is taken is refused', async t => {
  await addSchedule(service, { name: 'taken', every: 60 })
  await addSchedule(service, { name: 'free', every: 60 })

  const again = await post('/api/schedules', { name: 'taken', args: { data: '' }, every: 60 })
  const renamed = await patch('/api/schedules/free', { name: 'taken' })

  for (const refused of [again, renamed]) {
    t.match([refused.statusCode, refused.json().code], [409, 'SCHEDULE_NAME_TAKEN'])
    t.match(refused.json().detail, '"taken"')
  }
  t.equal((await patch('/api/schedules/free', { name: 'free' })).statusCode, 200, 'its own is not taken')
})

t.test('what does not fit is refused, and each field is named', async t => {
  const good = { name: 'new', args: { data: '' } }
  const refusals: [object, string][] = [
    [{ ...good }, 'cron'],
    [{ ...good, cron: '@daily', every: 60 }, 'every'],
    [{ ...good, every: 60, at: inSeconds(60) }, 'at'],
    [{ ...good, cron: null, every: null, at: null }, 'cron'],
    [{ ...good, every: 0 }, 'every'],
    [{ ...good, every: -1 }, 'every'],
    [{ ...good, every: 0.5 }, 'every'],
    [{ ...good, every: '60' }, 'every'],
    [{ ...good, cron: '61 * * * *' }, 'cron'],
    [{ ...good, cron: '0 0 30 2 *' }, 'cron'],
    [{ ...good, cron: '* '.repeat(200) }, 'cron'],
    [{ ...good, cron: '' }, 'cron'],
    [{ ...good, cron: '@reboot' }, 'cron'],
    [{ ...good, at: inSeconds(-90) }, 'at'],
    [{ ...good, at: 'tomorrow' }, 'at'],
    [{ ...good, every: 60, timezone: 'Europe/Nowhere' }, 'timezone'],
    [{ ...good, every: 60, timezone: '+02:00' }, 'timezone'],
    [{ ...good, every: 60, timezone: '' }, 'timezone'],
    [
      { ...good, cron: '61 * * * *', timezone: 'x', start_at: inSeconds(9), end_at: inSeconds(8) },
      'timezone cron end_at'
    ],
    [{ ...good, every: 60, end_at: inSeconds(-5) }, 'end_at'],
    [{ ...good, cron: '0 0 1 1 *', end_at: inSeconds(1) }, 'end_at'],
    [{ ...good, at: inSeconds(60), start_at: inSeconds(120) }, 'at'],
    [{ ...good, every: 60, jitter: -1 }, 'jitter'],
    [{ ...good, every: 60, missed: 'never' }, 'missed'],
    [{ ...good, every: 60, missed_max: 0 }, 'missed_max'],
    [{ ...good, every: 60, overlap: 'queue' }, 'overlap'],
    [{ ...good, every: 60, priority: 10 }, 'priority'],
    [{ ...good, every: 60, expires: inSeconds(60) }, 'expires'],
    [{ ...good, every: 60, elsewhere: 1 }, 'elsewhere'],
    [{ ...good, every: 60, args: {} }, 'args.data'],
    [{ ...good, every: 60, args: { data: 5 } }, 'args.data'],
    [{ ...good, every: 60, args: { data: '\0' } }, 'args.data'],
    [{ ...good, every: 60, task: 'add' }, 'args.x args.y args.data'],
    [{ ...good, every: 60, time_limit: 5, soft_time_limit: 5 }, 'soft_time_limit'],
    [{ args: { data: '' }, every: 60 }, 'name'],
    [{ ...good, name: '', every: 60 }, 'name'],
    [{ ...good, name: ' x', every: 60 }, 'name'],
    [{ ...good, name: 'x\ny', every: 60 }, 'name'],
    [{ ...good, name: 'x'.repeat(201), every: 60 }, 'name'],
    [{ ...good, name: '\0', every: 60 }, 'name'],
    [{ ...good, name: '01980000-0000-7000-8000-00000000000A', every: 60 }, 'name']
  ]
  for (const [body, expected] of refusals) {
    const response = await post('/api/schedules', body)
    const { code, errors = [] } = response.json()
    t.match([response.statusCode, code], [400, 'INVALID_REQUEST'], response.body.slice(0, 200))
    for (const field of expected.split(' ')) {
      t.ok(
        errors.some((each: { field: string }) => each.field === field || field.startsWith(`${each.field}.`)),
        `${field} in ${response.body.slice(0, 200)}`
      )
    }
  }
  for (const [body, code] of [
    [{ ...good, every: 60, task: 'nothing' }, 'UNKNOWN_TASK'],
    [{ ...good, every: 60, queue: 'nowhere' }, 'UNKNOWN_QUEUE'],
    [{ ...good, every: 60, queue: 'due' }, 'UNKNOWN_QUEUE'],
    [{ ...good, every: 60, task: 'sweep', args: {} }, 'KIND_INTERNAL']
  ] as const) {
    t.match((await post('/api/schedules', body)).json(), { status: /400|403/, code })
  }
  const [said] = (await post('/api/schedules', { ...good, cron: '61 * * * *' })).json().errors
  t.strictSame(said, { field: 'cron', message: 'minute: 61 is not from 0 to 59' })
  t.equal((await get('/api/schedules/new')).statusCode, 404, 'none of them was made')
})

t.test('the same Idempotency-Key makes it once', async t => {
  const headers = { 'idempotency-key': 'make-once' }
  const body = { name: 'once', args: { data: '' }, every: 60 }
  const both = await Promise.all([1, 2].map(() => post('/api/schedules', body, headers)))
  const other = await post('/api/schedules', { ...body, every: 61 }, headers)

  t.strictSame(
    both.map(({ statusCode }) => statusCode),
    [201, 201]
  )
  t.strictSame(both[0]!.json(), both[1]!.json())
  t.match([other.statusCode, other.json().code], [409, 'IDEMPOTENCY_KEY_REUSED'])
})

t.test('a change replaces the timing and leaves the rest', async t => {
  const { id } = await addSchedule(service, { name: 'changing', every: 60, priority: 3, expires: 5, note: 'n' })
  const change = async (body: object) => (await patch(`/api/schedules/${id}`, body)).json()

  t.match(await change({ cron: '0 12 * * *' }), { cron: '0 12 * * *', every: null, next_run_at: /T12:00:00.000Z$/ })
  t.match(await change({ timezone: 'Asia/Tokyo' }), { timezone: 'Asia/Tokyo', next_run_at: /T03:00:00.000Z$/ })
  const at = inSeconds(600)
  t.match(await change({ at }), { at, cron: null, every: null, next_run_at: at })
  const start_at = inSeconds(900)
  t.match(await change({ every: 5, start_at }), { every: 5, at: null, next_run_at: start_at })
  const before = await readSchedule(service, id)
  t.match(before, { priority: 3, expires: 5, note: 'n', args: { data: 'x' } })
  t.match(await change({ priority: null, expires: null, note: null }), { priority: null, expires: null, note: null })
  t.match(await change({ args: { data: 'y' }, tags: ['t'], max_retries: 1 }), {
    ...{
      args: { data: 'y' },
      tags: ['t'],
      max_retries: 1,
      next_run_at: before.next_run_at,
      created_at: before.created_at
    }
  })
  t.match(await change({ name: 'changed', description: 'd' }), { name: 'changed', description: 'd' })
  t.equal((await readSchedule(service, 'changed')).id, id)

  for (const [body, field] of [
    [{ every: 0 }, 'every'],
    [{ every: null }, 'cron'],
    [{ cron: '@daily', at }, 'at'],
    [{ at: inSeconds(-90), start_at: null }, 'at'],
    [{ end_at: inSeconds(60) }, 'end_at'],
    [{ timezone: 'Nowhere' }, 'timezone'],
    [{ args: {} }, 'args.data'],
    [{ id: unknownId }, 'id'],
    [{ total_run_count: 1 }, 'total_run_count']
  ] as const) {
    const response = await patch(`/api/schedules/${id}`, body)
    t.match([response.statusCode, response.json().errors], [400, [{ field }]], JSON.stringify(body))
  }
  t.equal((await patch(`/api/schedules/${id}`, {})).statusCode, 400, 'a change says something')
  t.match(await readSchedule(service, id), { every: 5, next_run_at: start_at }, 'a refused one changes nothing')
})

t.test('a disabled schedule has no next moment, and enabling it does not catch up', async t => {
  const { next_run_at } = await addSchedule(service, { name: 'pausing', every: 60, missed: 'all' })

  const disabled = (await patch('/api/schedules/pausing', { enabled: false, note: 'moving' })).json()
  t.match(disabled, { enabled: false, next_run_at: null, note: 'moving' })
  await age(service, 'pausing', 330)
  const enabled = (await patch('/api/schedules/pausing', { enabled: true })).json()

  t.match(enabled, { enabled: true, total_run_count: 0 })
  t.ok(Date.parse(enabled.next_run_at) > Date.parse(enabled.updated_at) - 1, 'it is due next in the future')
  t.equal((Date.parse(enabled.next_run_at) - Date.parse(next_run_at!) + 330_000) % minute, 0, 'and on its grid')
  const skipped = await occurrencesOf(service, 'pausing')
  t.equal(skipped.length, 5)
  t.equal(enabled.total_skipped, 5)
  for (const each of skipped) {
    t.match(each, { outcome: 'skipped', reason: 'paused', task_id: null, count: 1, manual: false })
  }
})

t.test('many occurrences of a pause are one row', async t => {
  await addSchedule(service, { name: 'long pause', every: 1, enabled: false })
  await age(service, 'long pause', 600)

  await patch('/api/schedules/long%20pause', { enabled: true })

  const [row, ...others] = await occurrencesOf(service, 'long pause')
  t.strictSame(others, [])
  t.ok(row!.count >= 600)
  t.equal(Date.parse(row!.until!) - Date.parse(row!.due_at), (row!.count - 1) * 1000)
})

t.test('a schedule whose moment is over cannot be enabled', async t => {
  await addSchedule(service, { name: 'over', at: inSeconds(600), enabled: false })
  await age(service, 'over', 1200)

  const response = await patch('/api/schedules/over', { enabled: true })

  t.match([response.statusCode, response.json().errors], [400, [{ field: 'at' }]])
  t.match(await readSchedule(service, 'over'), { enabled: false, next_run_at: null })
  t.strictSame(await occurrencesOf(service, 'over'), [])
  const at = inSeconds(600)
  t.match((await patch('/api/schedules/over', { enabled: true, at })).json(), { enabled: true, next_run_at: at })
})

t.test('a deleted schedule is gone with its occurrences; its tasks stay', async t => {
  const { id } = await addSchedule(service, { name: 'short-lived', at: inSeconds(600) })
  const { task_id } = (await post('/api/schedules/short-lived/run')).json()

  const response = await service.delete(`/api/schedules/${id}`)

  t.match([response.statusCode, response.body], [204, ''])
  t.equal((await get(`/api/schedules/${id}`)).statusCode, 404)
  t.equal((await service.delete(`/api/schedules/${id}`)).statusCode, 404)
  t.match((await get(`/api/tasks/${task_id}`)).json(), { id: task_id, schedule_id: id, state: 'PENDING' })
  const left = `select from darkroom.occurrences where schedule_id = $1`
  t.equal((await service.db.pool.query(left, [id])).rowCount, 0)
  await addSchedule(service, { name: 'short-lived', at: inSeconds(600) })
})

t.test('a run by hand makes a task at once and leaves the cursor where it is', async t => {
  for (const enabled of [true, false]) {
    const name = `by hand ${enabled}`
    const before = await addSchedule(service, { name, cron: '0 0 1 1 *', enabled })

    const response = await post(`/api/schedules/${encodeURIComponent(name)}/run`)

    t.equal(response.statusCode, 202)
    const { task_id } = response.json()
    t.equal(response.headers.location, `/api/tasks/${task_id}`)
    t.match((await get(`/api/tasks/${task_id}`)).json(), { name, schedule_id: before.id, state: 'PENDING' })
    t.match(await occurrencesOf(service, name), [
      { outcome: 'fired', manual: true, task_id, reason: null, late_by: Number }
    ])
    const after = await readSchedule(service, name)
    t.match(after, { next_run_at: before.next_run_at, enabled, last_task_id: task_id, total_run_count: 1 })
    t.ok(after.last_run_at)
  }
})

t.test('each of many runs by hand at the same time is an occurrence', async t => {
  await addSchedule(service, { name: 'crowd', at: inSeconds(600) })

  const runs = await Promise.all(Array.from({ length: 20 }, () => post('/api/schedules/crowd/run')))

  const ids = runs.map(run => run.json().task_id)
  t.equal(new Set(ids).size, 20)
  t.strictSame((await occurrencesOf(service, 'crowd')).map(({ task_id }) => task_id).toSorted(), ids.toSorted())
  t.match(await readSchedule(service, 'crowd'), { total_run_count: 20 })
})

t.test('a run and a backfill under an Idempotency-Key happen once', async t => {
  await addSchedule(service, { name: 'keyed', every: 3600, start_at: inSeconds(-86_400) })
  const range = { from: inSeconds(-86_401), to: inSeconds(-80_000) }
  for (const [url, body] of [
    ['/api/schedules/keyed/run', undefined],
    ['/api/schedules/keyed/backfill', range]
  ] as const) {
    const headers = { 'idempotency-key': url }
    const [one, other] = await Promise.all([post(url, body, headers), post(url, body, headers)])
    t.match([one!.statusCode, other!.statusCode], [202, 202])
    t.strictSame(one!.json(), other!.json())
  }
  t.equal((await tasksOf(service, 'keyed')).length, 3)
})

t.test('a backfill makes the tasks of past occurrences, each only once', async t => {
  const made = await addSchedule(service, { name: 'backfilled', every: 600, start_at: inSeconds(-86_400), jitter: 7 })
  const url = '/api/schedules/backfilled/backfill'
  const first = Date.parse(made.next_run_at!) - 60 * 600_000
  const time = (index: number) => new Date(first + index * 600_000).toISOString()

  const response = await post(url, { from: time(0), to: time(5) })

  t.equal(response.statusCode, 202)
  const { items, already_fired } = response.json()
  t.strictSame(
    items.map(({ due_at }: { due_at: string }) => due_at),
    [0, 1, 2, 3, 4, 5].map(time),
    'both ends are inclusive'
  )
  t.equal(already_fired, 0)
  const again = (await post(url, { from: time(4), to: time(7) })).json()
  t.match(again, { items: [{ due_at: time(6) }, { due_at: time(7) }], already_fired: 2 })
  t.strictSame((await post(url, { from: time(0), to: time(7) })).json(), { items: [], already_fired: 8 })
  t.equal((await tasksOf(service, 'backfilled')).length, 8)
  const rows = await occurrencesOf(service, 'backfilled')
  t.equal(rows.length, 8)
  for (const row of rows) t.match(row, { outcome: 'fired', manual: true })
  t.match(await readSchedule(service, 'backfilled'), { next_run_at: made.next_run_at, total_run_count: 8 })
})

t.test('a backfill makes up for occurrences that were skipped', async t => {
  await addSchedule(service, { name: 'made up', every: 60, enabled: false })
  await age(service, 'made up', 250)
  await patch('/api/schedules/made%20up', { enabled: true })
  t.match(await occurrencesOf(service, 'made up'), Array(4).fill({ reason: 'paused' }))

  const { items } = (
    await post('/api/schedules/made%20up/backfill', { from: inSeconds(-600), to: inSeconds(0) })
  ).json()

  t.ok(items.length >= 4)
  for (const row of await occurrencesOf(service, 'made up'))
    t.match(row, { outcome: 'fired', reason: null, manual: true })
})

t.test('a backfill has bounds', async t => {
  await addSchedule(service, { name: 'bounded', every: 1, start_at: inSeconds(-7200) })
  for (const [from, to, field] of [
    [-10, 60, 'to'],
    [-10, -20, 'to'],
    [-3600, -10, 'to']
  ] as const) {
    const response = await post('/api/schedules/bounded/backfill', { from: inSeconds(from), to: inSeconds(to) })
    t.match([response.statusCode, response.json().errors], [400, [{ field }]], `${from} to ${to}`)
  }
  t.equal((await post('/api/schedules/bounded/backfill', { from: inSeconds(-5) })).statusCode, 400)
  t.strictSame(await tasksOf(service, 'bounded'), [])
})

t.test('a preview shows the next moments with the offset of the zone and a note on clock changes', async t => {
  const body = { cron: '30 2 * * *', timezone: 'Europe/Berlin', start_at: '2037-03-28T00:00:00Z', count: 3 }

  const { items } = (await post('/api/schedules/preview', body)).json()

  t.strictSame(items, [
    { at: '2037-03-28T01:30:00.000Z', local: '2037-03-28T02:30:00+01:00', note: null },
    { at: '2037-03-29T01:00:00.000Z', local: '2037-03-29T03:00:00+02:00', note: 'dst_gap' },
    { at: '2037-03-30T00:30:00.000Z', local: '2037-03-30T02:30:00+02:00', note: null }
  ])
  const autumn = { ...body, start_at: '2037-10-25T00:00:00Z', count: 2 }
  t.match((await post('/api/schedules/preview', autumn)).json().items, [
    { at: '2037-10-25T00:30:00.000Z', local: '2037-10-25T02:30:00+02:00', note: 'dst_repeat' },
    { at: '2037-10-26T01:30:00.000Z', local: '2037-10-26T02:30:00+01:00', note: null }
  ])
  const { count: _, ...saved } = body
  await addSchedule(service, { name: 'seen ahead', ...saved })
  t.strictSame((await get('/api/schedules/seen%20ahead/preview?count=3')).json().items, items)
  t.equal((await get('/api/schedules/seen%20ahead/preview')).json().items.length, 10)
  await patch('/api/schedules/seen%20ahead', { enabled: false })
  t.strictSame((await get('/api/schedules/seen%20ahead/preview?count=3')).json().items, items, 'a disabled one too')
})

t.test('a preview ends where the schedule ends, begins with what is due, and refuses what never comes', async t => {
  const look = async (body: object) => (await post('/api/schedules/preview', body)).json()
  const start_at = '2097-01-01T00:00:00Z'
  t.match((await look({ every: 60, start_at, end_at: '2097-01-01T00:02:00Z' })).items, [
    { at: '2097-01-01T00:00:00.000Z' },
    { at: '2097-01-01T00:01:00.000Z' },
    { at: '2097-01-01T00:02:00.000Z', local: '2097-01-01T00:02:00+00:00' }
  ])
  const at = inSeconds(60)
  t.strictSame((await look({ at })).items.length, 1)
  const { next_run_at } = await addSchedule(service, { name: 'due', every: 3600, start_at: inSeconds(-7200) })
  t.match((await get('/api/schedules/due/preview?count=1')).json().items, [{ at: next_run_at }])
  for (const [body, field] of [
    [{}, 'cron'],
    [{ cron: '0 0 30 2 *' }, 'cron'],
    [{ cron: '* * * * *', timezone: 'x' }, 'timezone'],
    [{ every: 60, count: 0 }, 'count'],
    [{ every: 60, count: 201 }, 'count'],
    [{ every: 60, name: 'x' }, 'name']
  ] as const) {
    t.match(await look(body), { code: 'INVALID_REQUEST', errors: [{ field }] }, JSON.stringify(body))
  }
  for (const count of ['0', '201', 'x', '1.5']) {
    t.equal((await get(`/api/schedules/due/preview?count=${count}`)).statusCode, 400)
  }
})

t.test('occurrences come latest first, in pages', async t => {
  const { id } = await addSchedule(service, { name: 'paged', at: inSeconds(600) })
  await service.db.pool.query(
    `insert into darkroom.occurrences (schedule_id, due_at, outcome, reason, decided_at)
    select $1, '2026-01-01T00:00:00.123Z'::timestamptz + n * interval '1 s', 'skipped', 'missed', '2026-01-01T01:00:00Z'
    from generate_series(0, 24) n`,
    [id]
  )
  const pages: string[][] = []
  let cursor: string | null = ''
  do {
    const url: string = `/api/schedules/paged/occurrences?limit=10${cursor && `&cursor=${cursor}`}`
    const { items, next_cursor } = (await get(url)).json()
    pages.push(items.map(({ due_at }: { due_at: string }) => due_at))
    cursor = next_cursor
  } while (cursor)

  t.strictSame(
    pages.map(page => page.length),
    [10, 10, 5]
  )
  const all = pages.flat()
  t.strictSame(all, all.toSorted().reverse())
  t.equal(new Set(all).size, 25)
  t.match((await get('/api/schedules/paged/occurrences?limit=1')).json().items, [
    { due_at: '2026-01-01T00:00:24.123Z', late_by: 3600 - 24.123, outcome: 'skipped', reason: 'missed', until: null }
  ])
  for (const bad of ['cursor=x', 'limit=0', 'limit=1001', 'else=1']) {
    t.equal((await get(`/api/schedules/paged/occurrences?${bad}`)).statusCode, 400, bad)
  }
})

t.test('options of a submission are passed on to the tasks', async t => {
  const options = {
    ...{ priority: 7, tags: ['a', 'b'], queue: 'high_priority', max_retries: 9, retry_delay: 2, retry_backoff: false },
    ...{ retry_backoff_max: 30, retry_jitter: true, time_limit: 50, soft_time_limit: 40, result_expires: 1234 }
  }
  const { id, ...made } = await addSchedule(service, { name: 'choosy', at: inSeconds(600), expires: 300, ...options })
  t.match(made, { ...options, expires: 300 })
  await patch('/api/schedules/choosy', { priority: 8 })

  const { task_id } = (await post('/api/schedules/choosy/run')).json()

  const { rows } = await service.db.pool.query('select * from darkroom.tasks where id = $1', [task_id])
  t.match(rows[0], { ...options, priority: 8, schedule_id: id, name: 'choosy', args: { data: 'x' }, eta: null })
  t.equal(rows[0].expires_at - rows[0].created_at, 300_000)
})

t.test('tasks of a kind follow its settings of today', async t => {
  const folder = await taskFolder(t, { 'own.ts': taskModule('own', 'return 1', 'max_retries: 5, priority: 4') })
  const there = await openService(t, { env: { TASKS_DIR: folder } })
  await addSchedule(there, { name: 'own', task: 'own', args: {}, at: inSeconds(600) })

  const { task_id } = (await there.post('/api/schedules/own/run')).json()

  t.match((await there.get(`/api/tasks/${task_id}`)).json(), { task: 'own', max_retries: 5, priority: 4 })
})

t.test('a run whose queue was removed, or whose film has an open task, is refused', async t => {
  await service.db.pool.query(`select pgboss.create_queue('doomed', '{"policy": "standard"}')`)
  await addSchedule(service, { name: 'stranded', every: 3600, queue: 'doomed', start_at: inSeconds(-86_400) })
  await byHand(service.db.pool, `select pgboss.delete_queue('doomed')`)
  const film = await service.keep('no film')
  const printing = { task: 'process_video', args: { video_id: film.id } }
  await addSchedule(service, { name: 'printing', every: 3600, start_at: inSeconds(-86_400), ...printing })

  for (const [name, code] of [
    ['stranded', 'UNKNOWN_QUEUE'],
    ['printing', 'VIDEO_BUSY']
  ]) {
    const past = { from: inSeconds(-80_000), to: inSeconds(-75_000) }
    for (const [act, body] of [
      ['run', undefined],
      ['backfill', past]
    ] as const) {
      t.match((await post(`/api/schedules/${name}/${act}`, body)).json(), { code })
    }
    t.strictSame(await occurrencesOf(service, name!), [], 'nothing is left of it')
    t.match(await readSchedule(service, name!), { total_run_count: 0 })
  }
})

t.test("Darkroom's own schedules are fixed in what they do and adjustable in the rest", async t => {
  const there = await openService(t, { worker: true })
  const { items } = (await there.get('/api/schedules?system=true')).json()
  const names = items.map(({ name }: { name: string }) => name)
  for (const name of ['expire_results', 'sweep']) t.ok(names.includes(name))
  for (const { id, name, enabled, system, next_run_at, ...own } of items) {
    t.match({ enabled, system, task: own.task, args: own.args }, { enabled: true, system: true, task: name, args: {} })
    t.ok(next_run_at)
    const declared = 'select cron, timezone from pgboss.schedule where key = $1'
    const row = await until(async () => (await there.db.pool.query(declared, [id])).rows[0], 'it is declared')
    t.strictSame(row, { cron: own.cron, timezone: own.timezone })
    for (const response of [
      await there.delete(`/api/schedules/${name}`),
      await there.delete(`/api/schedules/${id}`),
      await there.patch(`/api/schedules/${name}`, { task: 'add' }),
      await there.patch(`/api/schedules/${name}`, { args: { x: 1 } })
    ]) {
      t.match([response.statusCode, response.json().code], [409, 'SYSTEM_SCHEDULE'])
    }
    const change = { cron: '17 3 * * *', timezone: 'Europe/Berlin', priority: 5, queue: 'default', note: 'at night' }
    const changed = await there.patch(`/api/schedules/${name}`, { ...change, task: own.task, args: own.args })
    t.match([changed.statusCode, changed.json()], [200, { ...change, enabled: true }])
    const moved = async () => (await there.db.pool.query(declared, [id])).rows[0]?.cron === change.cron
    await until(moved, 'its declaration follows')
    const { task_id } = (await there.post(`/api/schedules/${name}/run`)).json()
    t.match(await there.finished(task_id), { task: name, queue: 'default', priority: 5, state: 'SUCCESS' })
    t.match((await there.patch(`/api/schedules/${name}`, { enabled: false })).json(), { next_run_at: null })
  }
})
