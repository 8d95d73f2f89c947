import t from 'tap'
import { linesOf, tamper } from '../harness/audit.ts'
import { seat } from '../harness/seat.ts'
import { openService } from '../harness/service.ts'

const service = await openService(t)
const { pool } = service.db
const evil = { origin: 'https://evil.example' }
const pause = (name: string) => service.post(`/api/queues/${name}/pause`)
const seal = async () => (await pool.query('select * from darkroom.seal_audit()')).rows[0]
const findings = async () =>
  (await service.get('/api/doctor')).json().items.filter(({ code }: { code: string }) => code === 'audit_broken')

t.test('lines are found by actor, action, target, outcome and time, in pages', async t => {
  for (const name of ['media', 'high_priority', 'low_priority']) await pause(name)
  await service.post('/api/queues/media/resume')
  const operator = await seat(t, service.url, 'darkroom_operator')
  await operator.query(`select ops.pause_queue('media', 'by hand')`)
  const found = async (query: string) => (await linesOf(service, query)).length

  t.equal(await found('&action=queue.pause'), 4)
  t.equal(await found('&action=queue.*'), 5)
  t.equal(await found('&target=media'), 3)
  t.equal(await found('&target=queue:media&action=queue.resume'), 1)
  t.equal(await found('&target=task:media'), 0)
  t.equal(await found('&target=queue'), 5)
  t.equal(await found('&actor=sql'), 1)
  t.equal(await found('&actor=anonymous'), 4)
  t.equal(await found('&outcome=refused'), 0)
  t.equal(await found('&since=2040-01-01T00:00:00Z'), 0)
  const first = (await service.get('/api/audit?limit=2')).json()
  const second = (await service.get(`/api/audit?limit=2&cursor=${first.next_cursor}`)).json()
  t.strictSame([...first.items, ...second.items], (await linesOf(service)).toReversed().slice(0, 4))
  t.match((await service.get(`/api/audit?cursor=${second.prev_cursor}`)).json().items, first.items)
  for (const query of [
    'actor=',
    'since=yesterday',
    'outcome=maybe',
    'cursor=x',
    'limit=0',
    'nothing=1',
    'target=%00'
  ]) {
    t.equal((await service.get(`/api/audit?${query}`)).statusCode, 400, query)
  }

  const reader = await seat(t, service.url, 'darkroom_reader')
  const { rows } = await reader.query(
    `select actor ->> 'kind' as kind, action, target ->> 'id' as id, detail from ops.audit order by at desc limit 1`
  )
  t.match(rows, [{ kind: 'sql', action: 'queue.pause', id: 'media', detail: { reason: 'by hand' } }])
})

t.test('refused requests are gathered by address', async t => {
  for (const name of ['media', 'high_priority', 'media']) {
    t.equal((await service.post(`/api/queues/${name}/pause`, undefined, evil)).statusCode, 403)
  }
  t.equal((await service.get('/nowhere', { ...evil, 'sec-fetch-site': 'cross-site' })).statusCode, 404)

  t.match(await linesOf(service, '&outcome=refused'), [
    {
      action: 'request.refuse',
      target: { type: 'route', id: 'POST /api/queues/:name/pause' },
      actor: { kind: 'anonymous' },
      ip: '127.0.0.1',
      detail: { count: 3, codes: { CROSS_SITE: 3 } }
    }
  ])
  t.equal((await linesOf(service, '&outcome=refused')).length, 1, 'each is written once')
})

t.test('no line can be changed or removed, a detail has a limit', async t => {
  for (const [table, column] of [
    ['audit', 'at'],
    ['audit_seals', 'sealed_at']
  ]) {
    for (const text of [
      `update darkroom.${table} set ${column} = now()`,
      `delete from darkroom.${table}`,
      `truncate darkroom.${table}`
    ]) {
      await t.rejects(pool.query(text), { code: 'DR403' }, text)
    }
  }
  await t.rejects(pool.query(`update darkroom.audit set actor_name = 'eve'`), { code: 'DR403' })
  await t.rejects(
    pool.query(`delete from darkroom.audit where action <> '\nPL/pgSQL function darkroom.expire_audit_of_mine(1)'`),
    { code: 'DR403' }
  )

  const schedule = { name: 'wide', every: 60, args: { data: '' } }
  await service.post('/api/schedules', schedule)
  const id = await service.submit('add', { x: 1, y: 1 }, { scheduled_time: '2040-01-01T00:00:00Z' })
  const tags = Array.from({ length: 20 }, (_, n) => `${n}`.padEnd(100, 'x'))
  t.equal((await service.patch(`/api/tasks/${id}`, { tags, priority: 1 })).statusCode, 200)
  t.strictSame((await linesOf(service, `&target=${id}`))[0]!.detail, { fields: ['tags', 'priority'] })
})

t.test('seals form a chain, and doctor finds what was changed past the API', async t => {
  const first = await seal()
  t.match(first, { number: 1, first: 1, previous: '', sha256: /^[0-9a-f]{64}$/ })
  t.equal(await seal(), undefined, 'nothing new, no seal')
  await pause('media')
  await pause('high_priority')
  const second = await seal()
  t.match(second, { number: 2, first: first.last + 1, lines: 2, previous: first.sha256 })
  await pause('media')
  await seal()
  await pause('media')
  t.strictSame(await findings(), [])

  const attacks: [string, string, string, object][] = [
    [
      'a changed line',
      `update darkroom.audit set actor_name = 'eve' where number = ${second.last}`,
      `update darkroom.audit set actor_name = null where number = ${second.last}`,
      { evidence: { seal: 2 }, what: /a line was changed/ }
    ],
    [
      'a removed line',
      `create table public.aside as select * from darkroom.audit where number = ${second.last}; delete from darkroom.audit where number = ${second.last}`,
      `insert into darkroom.audit overriding system value select * from public.aside; drop table public.aside`,
      { evidence: { seal: 2 }, what: /2 lines, and there are 1/ }
    ],
    [
      'a seal made to fit',
      `update darkroom.audit_seals set sha256 = repeat('0', 64) where number = 1`,
      `update darkroom.audit_seals set sha256 = '${first.sha256}' where number = 1`,
      { evidence: { seal: 2 }, what: /does not follow seal 1/ }
    ]
  ]
  for (const [what, attack, repair, finding] of attacks) {
    await tamper(service.url, attack)
    t.match(await findings(), [{ severity: 'critical', ...finding }], what)
    await tamper(service.url, repair)
    t.strictSame(await findings(), [], `${what}, mended`)
  }
})

t.test('a seal does not pass over an act that is being written', async t => {
  const client = await pool.connect()
  await client.query('begin')
  await client.query(
    `insert into darkroom.audit (actor_kind, action, target_type) values ('system', 'test.late', 'test')`
  )
  await pause('media')

  t.equal(await seal(), undefined, 'it waits for the next time')
  await client.query('commit')
  client.release()
  const { last } = await seal()
  const { rows } = await pool.query('select max(number) as last from darkroom.audit')
  t.equal(last, rows[0].last)
})

t.test('sweep seals, and old lines go with their seals', async t => {
  await pause('low_priority')
  await service.startWorker()
  const sweep = async () => (await service.finished(await service.submit('sweep'))).result as { audit_lines: number }
  t.match(await sweep(), { audit_lines: 0 })
  const { rows: seals } = await pool.query('select * from darkroom.audit_seals order by number')
  const [old] = seals.slice(1)
  const kept = async () => (await pool.query('select min(number) as first from darkroom.audit')).rows[0].first

  await tamper(service.url, `update darkroom.audit_seals set sealed_at = now() - interval '401 days' where number <= 2`)
  t.equal((await pool.query('select darkroom.expire_audit($1) as gone', [500 * 86_400])).rows[0].gone, 0)
  const { audit_lines } = await sweep()

  t.ok(audit_lines > 0)
  t.ok((await kept()) > old.last)
  t.match((await pool.query('select min(number) as first from darkroom.audit_seals')).rows, [{ first: 3 }])
  t.strictSame(await findings(), [], 'what is left is a chain')
  await tamper(service.url, `update darkroom.audit_seals set sealed_at = now() - interval '29 days'`)
  t.equal((await pool.query('select darkroom.expire_audit(1) as gone')).rows[0].gone, 0, 'never within 30 days')
})
