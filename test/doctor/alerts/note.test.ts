import { randomUUID } from 'node:crypto'
import t from 'tap'
import { connect } from '../../../src/database/connect.ts'
import { noteProblems } from '../../../src/doctor/alerts/note.ts'
import { leaveTurn, takeTurn } from '../../../src/doctor/alerts/turn.ts'
import type { Problem } from '../../../src/doctor/problem.ts'
import { borrowDatabase } from '../../harness/database.ts'

const db = connect(await borrowDatabase(t), { name: 'test', max: 3 })
t.teardown(() => db.close())
const [one, other] = [randomUUID(), randomUUID()]
const about = (code: string, type: string, id: string): Problem => ({
  ...{ code, sentence: `${code} of ${id}`, since: null, severity: 'critical', subject: { type, id }, actions: [] }
})
const disk = about('disk_low', 'disk', '/data')

/** A look of a process, so many seconds after the one before. */
async function look(found: Problem[], seconds = 10, looker = one) {
  const earlier = ['first_seen_at', 'severity_at', 'last_seen_at', 'opened_at', 'gone_at', 'closed_at', 'told_at']
  await db.pool.query(
    `update darkroom.problems set ${earlier.map(name => `${name} = ${name} - $1 * interval '1 s'`)}`,
    [seconds]
  )
  return noteProblems(db, found, { looker, pause: 10, historyExpires: 86_400 })
}

async function messages() {
  const { rows } = await db.pool.query(
    `select w.description as webhook, m.type, m.data, m.subject is not null as ordered
    from darkroom.webhook_messages m join darkroom.webhooks w on w.id = m.webhook_id order by m.sequence`
  )
  await db.pool.query('delete from darkroom.webhook_messages')
  return rows
}

async function webhook(
  description: string,
  { types = ['problem.opened', 'problem.closed'], queues = null as unknown }
) {
  const { rows } = await db.pool.query(
    `insert into darkroom.webhooks (id, url, description, types, queues, ordered, secret)
    values (gen_random_uuid(), 'https://hooks.example/', $1, $2, $3, true, sha256('x')) returning id`,
    [description, types, queues]
  )
  return rows[0].id as string
}

await webhook('all', {})
await webhook('media', { queues: ['media'] })
await webhook('usual', { types: ['task.failed'] })

t.test('one process at a time looks, and the same one goes on', async t => {
  t.equal(await takeTurn(db.pool, one), true)
  t.equal(await takeTurn(db.pool, other), false)
  t.equal(await noteProblems(db, [disk], { looker: other, pause: 10, historyExpires: 86_400 }), false)
  t.equal((await db.pool.query('select from darkroom.problems')).rowCount, 0, 'and the other one writes nothing')
  t.equal(await takeTurn(db.pool, one), false, 'not before its time')
  await db.pool.query(`update darkroom.problem_turn set next_look_at = now() - interval '1 s'`)
  t.equal(await takeTurn(db.pool, other), false)
  t.equal(await takeTurn(db.pool, one), true)
  await db.pool.query(`update darkroom.problem_turn set next_look_at = now() - interval '1 min'`)
  t.equal(await takeTurn(db.pool, other), true, 'one that was killed is replaced')
  await leaveTurn(db.pool, other)
  t.equal(await takeTurn(db.pool, one), true, 'one that ends leaves its turn')
})

t.test('webhooks are told once that a problem opened, whichever process looks, and once that it closed', async t => {
  await look([disk])
  t.strictSame(await messages(), [], 'it has not stood yet')
  for (let seconds = 0; seconds < 30; seconds += 10) await look([disk])
  t.match(await messages(), [
    {
      webhook: 'all',
      type: 'problem.opened',
      ordered: true,
      data: { code: 'disk_low', severity: 'critical', subject: { type: 'disk', id: '/data' }, flaps: 0, was: null }
    },
    { webhook: 'media', type: 'problem.opened' }
  ])
  await leaveTurn(db.pool, one)
  await takeTurn(db.pool, other)
  t.equal(await look([disk], 10, other), true)
  t.strictSame(await messages(), [], 'a restart tells nothing again')
  await look([], 60, other)
  await look([], 299, other)
  t.strictSame(await messages(), [])
  await look([], 1, other)
  const [closed] = await messages()
  t.match(closed, { type: 'problem.closed', data: { code: 'disk_low', ended_at: String, opened_at: String } })
  t.equal(Math.round(closed.data.seconds), 70, 'it says how long it was open, not how long that took to be sure of')
  await leaveTurn(db.pool, other)
  await takeTurn(db.pool, one)
})

t.test('consequences of missing workers, silences, other queues and the webhook itself', async t => {
  const down = about('no_workers', 'service', 'workers')
  const late = about('schedule_late', 'schedule', 'x')
  const old = about('queue_without_workers', 'queue', 'low_priority')
  for (let looks = 0; looks < 5; looks++) await look([down, late, old])
  t.strictSame(
    (await messages()).map(({ webhook, data }) => [webhook, data.code]),
    [
      ['all', 'no_workers'],
      ['media', 'no_workers']
    ]
  )
  await look([late, old])
  t.strictSame(await messages(), [], 'nor until it is sure that the cause is gone')
  await look([late, old], 301)
  await look([late, old])
  const told = (await messages()).map(({ webhook, type, data }) => `${webhook} ${type} ${data.code}`)
  t.strictSame(told.toSorted(), [
    'all problem.closed no_workers',
    'all problem.opened queue_without_workers',
    'all problem.opened schedule_late',
    'media problem.closed no_workers',
    'media problem.opened schedule_late'
  ])

  const mine = about('webhook_failing', 'webhook', await webhook('failing', {}))
  await db.pool.query(
    `insert into darkroom.problem_silences (id, code, subject_type, subject_id, until) values
      (gen_random_uuid(), 'disk_low', null, null, now() + interval '1 hour'),
      (gen_random_uuid(), 'webhook_failing', 'webhook', 'another', now() + interval '1 hour')`
  )
  for (let looks = 0; looks < 5; looks++) await look([late, old, disk, mine])
  t.strictSame(
    (await messages()).map(({ webhook, data }) => [webhook, data.code]),
    [
      ['all', 'webhook_failing'],
      ['media', 'webhook_failing']
    ]
  )
  await db.pool.query(`update darkroom.problem_silences set until = now() - interval '1 s'`)
  await look([late, old, disk, mine])
  t.match(await messages(), Array(3).fill({ data: { code: 'disk_low', flaps: 1 } }), 'what stands after a silence')
  t.equal((await db.pool.query('select from darkroom.problem_silences')).rowCount, 0)
})

t.test('a look that fails writes neither state nor messages; old problems are removed', async t => {
  const before = (await db.pool.query('select * from darkroom.problems order by id')).rows
  const bad = { ...about('no_workers', 'service', 'again'), severity: 'dire' as 'critical' }
  await t.rejects(noteProblems(db, [bad], { looker: one, pause: 10, historyExpires: 86_400 }), { code: '23514' })
  t.strictSame((await db.pool.query('select * from darkroom.problems order by id')).rows, before)

  await look([], 7200)
  await look([], 7200)
  t.equal((await db.pool.query('select from ops.problems where state = $1', ['open'])).rowCount, 0)
  t.ok((await db.pool.query('select from ops.problems')).rowCount! > 3)
  await look([], 86_401)
  t.equal((await db.pool.query('select from darkroom.problems')).rowCount, 0)
})
