import t from 'tap'
import { InvalidCron } from '../../../src/schedules/calendar/cron.ts'
import { ruleOf, type Timing } from '../../../src/schedules/calendar/rule.ts'
import { UnknownZone } from '../../../src/schedules/calendar/zone.ts'

const anchor = new Date('2027-01-15T12:00:00.500Z')
const timing = (changes: Partial<Timing>): Timing => ({
  ...{ id: '0190a1b2-0000-7000-8000-000000000001', cron: null, every: null, at: null },
  ...{ timezone: 'UTC', start_at: null, end_at: null, jitter: 0, anchor },
  ...changes
})
const next = (changes: Partial<Timing>, after: string) => ruleOf(timing(changes)).next(new Date(after))?.toISOString()

t.test('cron', async t => {
  const daily = { cron: '30 2 * * *', timezone: 'Europe/Berlin' }
  t.equal(next(daily, '2027-03-27T12:00:00Z'), '2027-03-28T01:00:00.000Z')
  t.strictSame(ruleOf(timing(daily)).preview(new Date('2027-03-27T12:00:00Z'), 2), [
    { at: new Date('2027-03-28T01:00:00Z'), local: '2027-03-28T03:00:00+02:00', note: 'dst_gap' },
    { at: new Date('2027-03-29T00:30:00Z'), local: '2027-03-29T02:30:00+02:00', note: null }
  ])
  t.equal(ruleOf(timing(daily)).preview(new Date('2027-10-30T12:00:00Z'), 1)[0]!.note, 'dst_repeat')
  t.throws(() => ruleOf(timing({ cron: '61 * * * *' })), InvalidCron)
  t.throws(() => ruleOf(timing({ cron: '* * * * *', timezone: 'Mars/Base' })), UnknownZone)
})

t.test('a rule that was compiled before has the same cron, but the zone, jitter and limits of its own', async t => {
  const cron = '0 9 * * *'
  t.equal(next({ cron }, '2027-01-15T00:00:00Z'), '2027-01-15T09:00:00.000Z')
  t.equal(next({ cron, timezone: 'Asia/Tokyo' }, '2027-01-15T00:30:00Z'), '2027-01-16T00:00:00.000Z')
  t.equal(
    next({ cron, start_at: new Date('2027-02-01T00:00:00Z') }, '2027-01-15T00:00:00Z'),
    '2027-02-01T09:00:00.000Z'
  )
  for (let minute = 0; minute < 2_100; minute++)
    ruleOf(timing({ cron: `${minute % 60} ${minute % 24} ${1 + (minute % 28)} * *` }))
  t.equal(next({ cron }, '2027-01-15T00:00:00Z'), '2027-01-15T09:00:00.000Z')
})

t.test('every counts from the creation, or from start_at', async t => {
  t.equal(next({ every: 90 }, '2026-01-01T00:00:00Z'), '2027-01-15T12:00:00.500Z', 'n is 0')
  t.equal(next({ every: 90 }, '2027-01-15T12:00:00.500Z'), '2027-01-15T12:01:30.500Z', 'strictly after')
  t.equal(next({ every: 90 }, '2027-01-15T12:00:00.499Z'), '2027-01-15T12:00:00.500Z')
  const start_at = new Date('2027-02-01T00:00:00Z')
  t.equal(next({ every: 90, start_at }, '2027-01-15T12:00:00Z'), '2027-02-01T00:00:00.000Z', 'start_at is inclusive')
  t.equal(next({ every: 90, start_at }, '2027-02-01T00:00:00Z'), '2027-02-01T00:01:30.000Z')
})

t.test('every does not drift in ten years, and takes no longer', async t => {
  for (const every of [1, 7, 86_400, 1.5, 10 / 3, 1.0001]) {
    const rule = ruleOf(timing({ every }))
    for (let at = Date.parse('2037-01-15T00:00:00Z'); at < Date.parse('2037-01-15T00:00:01Z'); at += 97) {
      const due = rule.next(new Date(at))!.getTime()
      const n = Math.round((due - anchor.getTime()) / (every * 1000))
      const exact = anchor.getTime() + n * every * 1000
      t.ok(due > at && due - at <= every * 1000 + 1 && Math.abs(due - exact) <= 0.51, `${every} after ${at}: ${due}`)
    }
  }
  const began = performance.now()
  const rule = ruleOf(timing({ every: 1 }))
  for (let count = 0; count < 1_000; count++) rule.next(new Date('9999-01-01T00:00:00Z'))
  t.ok(performance.now() - began < 500)
  t.equal(rule.next(new Date(8.64e15)), null, 'there is no later date')
})

t.test('at comes once', async t => {
  const at = new Date('2027-02-01T00:00:00Z')
  t.equal(next({ at }, '2027-01-15T00:00:00Z'), '2027-02-01T00:00:00.000Z')
  t.equal(next({ at }, '2027-02-01T00:00:00Z'), undefined)
  t.strictSame(ruleOf(timing({ at, timezone: 'Europe/Berlin' })).preview(anchor, 10), [
    { at, local: '2027-02-01T01:00:00+01:00', note: null }
  ])
})

t.test('start_at and end_at are inclusive', async t => {
  const limits = { start_at: new Date('2027-02-01T09:00:00Z'), end_at: new Date('2027-02-03T09:00:00Z') }
  for (const kind of [{ cron: '0 9 * * *' }, { every: 86_400 }]) {
    const rule = ruleOf(timing({ ...kind, ...limits }))
    t.strictSame(
      rule.preview(new Date('2020-01-01T00:00:00Z'), 10).map(({ at }) => at.toISOString().slice(0, 10)),
      ['2027-02-01', '2027-02-02', '2027-02-03']
    )
  }
  t.equal(next({ at: new Date('2027-02-04T00:00:00Z'), ...limits }, '2027-01-01T00:00:00Z'), undefined)
  t.equal(next({ cron: '0 9 * * *', end_at: anchor }, '2027-02-01T00:00:00Z'), undefined)
})

t.test('jitter moves every occurrence of a schedule by the same time', async t => {
  const offsets = new Set<number>()
  for (let count = 0; count < 200; count++) {
    const id = `schedule ${count}`
    const rule = ruleOf(timing({ id, cron: '0 9 * * *', jitter: 10 }))
    const [first, second] = rule.preview(new Date('2027-01-15T00:00:00Z'), 2)
    const offset = first!.at.getTime() - Date.parse('2027-01-15T09:00:00Z')
    offsets.add(offset)
    if (offset < 0 || offset > 10_000) t.fail(`${offset} ms`)
    if (second!.at.getTime() - first!.at.getTime() !== 86_400_000) t.fail('not the same each day')
    t.strictSame(rule.next(new Date(first!.at.getTime() - 1)), first!.at, 'next agrees with the preview')
  }
  t.ok(offsets.size > 150, `${offsets.size} different offsets of 200`)
  const [gap] = ruleOf(timing({ cron: '30 2 * * *', timezone: 'Europe/Berlin', jitter: 3_600 })).preview(
    new Date('2027-03-27T12:00:00Z'),
    1
  )
  t.equal(gap!.note, 'dst_gap', 'the note is about the time before jitter')
  t.match(gap!.local, /^2027-03-28T03:/)
  const at = new Date('2027-02-01T00:00:00Z')
  t.ok(ruleOf(timing({ at, jitter: 3_600 })).next(at), 'also of a single time')
})

t.test('a thousand schedules are cheap to ask again', async t => {
  const timings = Array.from({ length: 1_000 }, (_, index) =>
    timing({ id: `schedule ${index}`, cron: `${index % 60} ${index % 24} * * ${index % 7}`, timezone: 'Europe/Berlin' })
  )
  const ask = () => {
    const began = process.cpuUsage()
    for (const one of timings) ruleOf(one).next(anchor)
    const { user, system } = process.cpuUsage(began)
    return (user + system) / 1_000
  }
  const [first, again] = [ask(), ask()]
  t.comment(`${Math.round(first)} ms of CPU to compile, ${Math.round(again)} ms again`)
  t.ok(again < 1_000)
})

t.test('nothing is previewed where nothing is asked for', async t => {
  t.strictSame(ruleOf(timing({ every: 1 })).preview(anchor, 0), [])
})
