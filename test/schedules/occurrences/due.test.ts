import t, { type Test } from 'tap'
import { ruleOf, type Timing } from '../../../src/schedules/calendar/rule.ts'
import { type Decision, decideDue, paused } from '../../../src/schedules/occurrences/due.ts'

const now = new Date('2027-01-15T12:00:00.000Z')
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000)

function ruleWith(timing: Partial<Timing>) {
  const none = { cron: null, every: null, at: null, start_at: null, end_at: null, jitter: 0 }
  return ruleOf({ ...none, id: 'a', timezone: 'UTC', anchor: ago(1e6), ...timing })
}

type Policy = { missed: 'skip' | 'once' | 'all'; missed_max?: number }

/** As a worker does it: look after look, until nothing is due. */
function decideAll(next_run_at: Date, { missed, missed_max = 100 }: Policy, timing: Partial<Timing>) {
  const rule = ruleWith(timing)
  const looks: Decision[][] = []
  let next: Date | null = next_run_at
  while (next && next <= now) {
    const due = decideDue({ next_run_at: next, missed, missed_max }, rule, now)
    if (due.decisions.length === 0) throw new Error('a look decides nothing')
    looks.push(due.decisions)
    next = due.next
  }
  return { looks, decisions: looks.flat(), next }
}

/** How many occurrences have which fate. */
function count(decisions: Decision[]) {
  const counts: Record<string, number> = {}
  for (const { outcome, reason, count } of decisions) {
    const key = reason ? `${outcome} ${reason}` : outcome
    counts[key] = (counts[key] ?? 0) + count
  }
  return counts
}

/** Each occurrence of a grid is in exactly one row. */
function cover(t: Test, decisions: Decision[], from: Date, step: number) {
  let at = from.getTime()
  for (const { due_at, until, count } of decisions) {
    t.equal(due_at.getTime(), at)
    at += count * step * 1000
    t.equal((until ?? due_at).getTime(), at - step * 1000)
    t.equal(until === null, count === 1)
  }
  t.ok(at > now.getTime())
}

t.test('what is not due yet is left alone', async t => {
  t.strictSame(decideDue({ next_run_at: ago(-0.001), missed: 'all', missed_max: 1 }, ruleWith({ every: 1 }), now), {
    decisions: [],
    next: ago(-0.001)
  })
  t.strictSame(decideDue({ next_run_at: null, missed: 'all', missed_max: 1 }, ruleWith({ every: 1 }), now), {
    decisions: [],
    next: null
  })
})

t.test('an occurrence fires until it is a minute late, whatever the policy', async t => {
  for (const missed of ['skip', 'once', 'all'] as const) {
    for (const late of [0, 1, 60]) {
      const { decisions, next } = decideAll(ago(late), { missed }, { every: 100, anchor: ago(late) })
      t.strictSame(decisions, [{ due_at: ago(late), outcome: 'fired', reason: null, until: null, count: 1 }])
      t.strictSame(next, ago(late - 100))
    }
  }
  const { decisions } = decideAll(ago(60.001), { missed: 'skip' }, { every: 100, anchor: ago(60.001) })
  t.match(decisions, [{ due_at: ago(60.001), outcome: 'skipped', reason: 'missed' }])
})

t.test('every occurrence of the last minute fires', async t => {
  const { decisions } = decideAll(ago(59), { missed: 'skip' }, { every: 1, anchor: ago(59) })

  t.strictSame(count(decisions), { fired: 60 })
})

t.test('after ten minutes, a schedule of every minute does what its policy says', async t => {
  const expected: [Policy, Record<string, number>][] = [
    [{ missed: 'skip' }, { 'skipped missed': 9, fired: 2 }],
    [{ missed: 'once' }, { 'coalesced missed': 8, fired: 3 }],
    [{ missed: 'all' }, { fired: 11 }],
    [
      { missed: 'all', missed_max: 4 },
      { 'skipped too_many': 5, fired: 6 }
    ],
    [
      { missed: 'all', missed_max: 1 },
      { 'skipped too_many': 8, fired: 3 }
    ]
  ]
  for (const [policy, counts] of expected) {
    const { looks, decisions, next } = decideAll(ago(600), policy, { every: 60, anchor: ago(600) })
    t.strictSame(count(decisions), counts, JSON.stringify(policy))
    t.equal(looks.length, 1)
    cover(t, decisions, ago(600), 60)
    t.strictSame(next, ago(-60))
    const skipped = decisions.findLastIndex(({ outcome }) => outcome !== 'fired')
    t.ok(
      decisions.slice(skipped + 1).every(({ outcome }) => outcome === 'fired'),
      'the newest ones fire'
    )
  }
})

t.test('a daily schedule that was due an hour ago does what its policy says', async t => {
  const daily = { cron: '0 11 * * *' }
  t.strictSame(count(decideAll(ago(3600), { missed: 'skip' }, daily).decisions), { 'skipped missed': 1 })
  t.strictSame(count(decideAll(ago(3600), { missed: 'once' }, daily).decisions), { fired: 1 })
  t.strictSame(count(decideAll(ago(3600), { missed: 'all' }, daily).decisions), { fired: 1 })
  t.strictSame(decideAll(ago(3600), { missed: 'once' }, daily).next, ago(-23 * 3600))
})

t.test('after a day, many occurrences are one row, and the newest fire as the policy says', async t => {
  const day = 86_400
  for (const step of [1, 60]) {
    const all = day / step + 1
    const onTime = 60 / step + 1
    const expected: [Policy, Record<string, number>][] = [
      [{ missed: 'skip' }, { 'skipped missed': all - onTime, fired: onTime }],
      [{ missed: 'once' }, { 'coalesced missed': all - onTime - 1, fired: onTime + 1 }],
      [{ missed: 'all' }, { 'skipped too_many': all - onTime - 100, fired: onTime + 100 }],
      [
        { missed: 'all', missed_max: 500 },
        { 'skipped too_many': all - onTime - 500, fired: onTime + 500 }
      ]
    ]
    for (const [policy, counts] of expected) {
      const what = `every ${step} s: ${JSON.stringify(policy)}`
      const { looks, decisions } = decideAll(ago(day), policy, { every: step, anchor: ago(day) })
      t.strictSame(count(decisions), counts, what)
      cover(t, decisions, ago(day), step)
      for (const look of looks) t.ok(look.length <= 1_100, what)
      // 86,000 rows for a day of seconds would take longer than the outage of another schedule.
      t.ok(decisions.length < 2_000, `${what}: ${decisions.length} rows`)
      t.ok(decisions[0]!.count > 400, what)
    }
  }
})

t.test('exactly as many as one look takes are not more than that', async t => {
  for (const more of [-1, 0, 1]) {
    const from = ago(61 + 999 + more)
    const { decisions } = decideAll(from, { missed: 'once' }, { every: 1, anchor: from })
    t.strictSame(count(decisions), { 'coalesced missed': 999 + more, fired: 62 }, `${1000 + more} missed`)
    cover(t, decisions, from, 1)
  }
})

t.test('one moment comes once', async t => {
  for (const [late, counts] of [
    [10, { fired: 1 }],
    [100, { 'skipped missed': 1 }]
  ] as const) {
    const { decisions, next } = decideAll(ago(late), { missed: 'skip' }, { at: ago(late) })
    t.strictSame(count(decisions), counts)
    t.equal(next, null)
  }
})

t.test('nothing comes after end_at', async t => {
  const timing = { every: 10, anchor: ago(30), end_at: ago(10) }
  const { decisions, next } = decideAll(ago(30), { missed: 'skip' }, timing)

  t.strictSame(
    decisions.map(({ due_at }) => due_at),
    [ago(30), ago(20), ago(10)]
  )
  t.equal(next, null)
})

t.test('a cursor that is on no grid, as SQL may set it, is an occurrence', async t => {
  const { decisions, next } = decideAll(ago(7), { missed: 'skip' }, { every: 10, anchor: ago(100) })

  t.strictSame(
    decisions.map(({ due_at }) => due_at),
    [ago(7), ago(0)]
  )
  t.strictSame(next, ago(-10))
})

t.test('occurrences of a pause are skipped: a row for each, or one for many', async t => {
  const rule = ruleWith({ every: 60, anchor: ago(6000) })

  t.strictSame(paused(rule, ago(59), ago(0)), [])
  t.match(paused(rule, ago(120), ago(0)), [
    { due_at: ago(60), outcome: 'skipped', reason: 'paused', until: null, count: 1 }
  ])
  t.equal(paused(rule, ago(6000), ago(0)).length, 99)
  const many = ruleWith({ every: 1, anchor: ago(6000) })
  t.strictSame(paused(many, ago(101.5), ago(0)), [
    { due_at: ago(101), outcome: 'skipped', reason: 'paused', until: ago(1), count: 101 }
  ])
})
