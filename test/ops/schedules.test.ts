import t from 'tap'
import { age, occurrencesOf } from '../harness/schedules.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

t.test('ops.set_schedule does what POST and PATCH do', async t => {
  const service = await openService(t, { worker: true })
  const { pool } = service.db
  const planned = (name: string) =>
    until(async () => {
      const schedule = (await service.get(`/api/schedules/${encodeURIComponent(name)}`)).json()
      return schedule.next_run_at && schedule
    }, 'a worker has planned it')
  const own = ({ id, name, created_at, updated_at, ...rest }: any) => rest
  const stored = async (name: string) => {
    const { rows } = await pool.query(
      `select template - 'name' as template, options, armed_for = next_run_at as armed, tzdata from darkroom.schedules
       where name = $1`,
      [name]
    )
    return rows[0]
  }

  await t.test('the same row', async t => {
    const body = {
      task: 'add',
      args: { x: 1, y: 2 },
      cron: '30 2 * 2 mon-fri',
      timezone: 'Europe/Berlin',
      missed: 'once',
      overlap: 'skip',
      jitter: 0,
      priority: 7,
      expires: 60,
      max_retries: 5,
      tags: ['demo'],
      description: 'adds'
    }
    await service.post('/api/schedules', { name: 'http', ...body })
    await pool.query(`
      select ops.set_schedule('sql', 'add', '{"x": 1, "y": 2}', cron => '30 2 * 2 mon-fri', timezone => 'Europe/Berlin',
        missed => 'once', overlap => 'skip', priority => 7, expires => 60, max_retries => 5, tags => '{demo}',
        description => 'adds')`)
    const [http, sql] = [await planned('http'), await planned('sql')]
    t.strictSame(own(sql), own(http))
    await until(async () => (await stored('sql')).armed && (await stored('http')).armed, 'both have their alarm')
    t.strictSame(await stored('sql'), await stored('http'))
  })

  await t.test('a change, and only what is given', async t => {
    await service.patch('/api/schedules/http', { every: 3600, note: 'less often' })
    await pool.query(`select ops.set_schedule('sql', every => 3600, note => 'less often')`)
    const [http, sql] = [await planned('http'), await planned('sql')]
    t.match(sql, { cron: null, every: 3600, note: 'less often', missed: 'once', priority: 7 })
    const still = ({ next_run_at, ...rest }: any) => own(rest)
    t.strictSame(still(sql), still(http))
  })

  await t.test('disabled and enabled', async t => {
    const { rows } = await pool.query(`select enabled, next_run_at from ops.set_schedule('sql', enabled => false)`)
    t.strictSame(rows, [{ enabled: false, next_run_at: null }])
    await pool.query(`select ops.set_schedule('sql', enabled => true)`)
    t.match(await planned('sql'), { enabled: true })
  })

  await t.test('what was due while it was disabled is written down as skipped', async t => {
    await pool.query(`select ops.set_schedule('rests', 'add', '{"x": 1, "y": 2}', every => 60, enabled => false)`)
    await age(service, 'rests', 330)

    await pool.query(`select ops.set_schedule('rests', enabled => true)`)

    t.match(await planned('rests'), { enabled: true, total_skipped: 5, total_run_count: 0 })
    const skipped = await occurrencesOf(service, 'rests')
    t.match(skipped, Array(5).fill({ outcome: 'skipped', reason: 'paused', task_id: null, count: 1, manual: false }))
    t.equal(skipped.length, 5)
  })

  await t.test('its tasks run', async t => {
    await pool.query(`select ops.set_schedule('soon', 'add', '{"x": 20, "y": 22}', at => now() + interval '100 ms')`)
    const fired = await until(async () => {
      const { items } = (await service.get('/api/schedules/soon/occurrences')).json()
      return items[0]
    }, 'it has fired')
    t.match(await service.finished(fired.task_id), { state: 'SUCCESS', result: 42, name: 'soon' })
    t.match((await service.get('/api/schedules/soon')).json(), {
      enabled: false,
      total_run_count: 1,
      next_run_at: null
    })
  })

  await t.test('rolled back with the transaction', async t => {
    const client = await pool.connect()
    await client.query(`begin; select ops.set_schedule('never', 'add', '{"x": 1, "y": 2}', every => 60); rollback`)
    client.release()
    t.equal((await service.get('/api/schedules/never')).statusCode, 404)
  })

  await t.test('refusals have the sentence of HTTP', async t => {
    const refused = async (call: string) => {
      const error = await pool.query(`select ops.set_schedule(${call})`).catch(error => error)
      return [error.code, error.message]
    }
    const args = `'add', '{"x": 1, "y": 2}'`
    const cases: [string, string, string | RegExp][] = [
      [`'bad', ${args}`, 'DR400', 'cron is missing: give one of cron, every and at'],
      [`'bad', ${args}, cron => '61 * * * *'`, 'DR400', 'cron minute: 61 is not from 0 to 59'],
      [`'bad', ${args}, cron => '* * * *'`, 'DR400', /has 4 fields; it must have 5/],
      [`'bad', ${args}, cron => repeat('1,', 5000)`, 'DR400', /10000 characters/],
      [`'bad', ${args}, cron => '* * * * *', every => 5`, 'DR400', /every says again when it is due/],
      [`'bad', ${args}, every => 0`, 'DR400', /every must be/],
      [`'bad', ${args}, every => -1`, 'DR400', /every must be/],
      [`'bad', ${args}, at => now() - interval '2 minutes'`, 'DR400', 'at is in the past'],
      [`'bad', ${args}, every => 60, timezone => 'Europe/Berlinx'`, 'DR400', /is not a time zone/],
      [`'bad', 'nope', '{}', every => 60`, 'DR400', 'There is no kind of task named "nope"'],
      [`'bad', 'add', '{"x": "a", "y": 2}', every => 60`, 'DR400', /args\.x must be/],
      [`'bad', ${args}, every => 60, queue => 'nope'`, 'DR400', 'There is no queue named "nope"'],
      [`'bad', ${args}, every => 60, priority => 10`, 'DR400', /priority/],
      [`'sweep', 'add'`, 'DR409', /its task and args are fixed/],
      [`'bad', 'sweep', '{}', every => 60`, 'DR403', /is internal/]
    ]
    for (const [call, code, message] of cases) t.match(await refused(call), [code, message], call)
    t.equal((await service.get('/api/schedules/bad')).statusCode, 404)
  })

  await t.test('what never comes is disabled by a worker, with the reason', async t => {
    await pool.query(`select ops.set_schedule('february', 'add', '{"x": 1, "y": 2}', cron => '0 0 30 2 *')`)
    const row = await until(async () => {
      const { rows } = await pool.query(`select enabled, note from ops.schedules where name = 'february'`)
      return !rows[0].enabled && rows[0]
    }, 'a worker has looked')
    t.match(row.note, /never comes/)
    const { items } = (await service.get('/api/problems')).json()
    t.ok(items.some(({ code }: any) => code === 'schedule_refused'))
  })

  await t.test('house-keeping can be adjusted', async t => {
    await pool.query(`select ops.set_schedule('sweep', cron => '5 4 * * *', note => 'at night')`)
    t.match(await planned('sweep'), { cron: '5 4 * * *', system: true, note: 'at night', overlap: 'skip' })
  })
})
