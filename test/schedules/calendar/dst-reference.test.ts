import t from 'tap'
import { parseCron } from '../../../src/schedules/calendar/cron.ts'
import { localTimes } from '../../../src/schedules/calendar/local-time.ts'
import { type Example, exampleOf } from './examples.ts'

/**
 * The rule for clock changes, against one that looks at each minute (or second) around each change and asks Intl what
 * time it is there. It knows neither croner nor the parser: an example is made as text and as sets of values.
 */
const zones = [
  ...['Europe/Berlin', 'Europe/Dublin', 'America/New_York', 'America/St_Johns', 'America/Havana', 'America/Santiago'],
  ...['America/Nuuk', 'America/Asuncion', 'Atlantic/Azores', 'Africa/Cairo', 'Africa/Casablanca', 'Antarctica/Troll'],
  ...['Asia/Almaty', 'Asia/Beirut', 'Asia/Jerusalem', 'Australia/Adelaide', 'Australia/Lord_Howe', 'Pacific/Chatham'],
  // Their clocks do not change in these years.
  ...['Asia/Kolkata', 'Asia/Tehran', 'Pacific/Apia']
]
const from = Date.UTC(2024, 0, 1)
const until = Date.UTC(2027, 0, 1)
const [minute, hour] = [60_000, 3_600_000]
const day = 24 * hour

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
t.comment(`SEED=${seed}`)
const random = randomFrom(seed)

for (const zone of zones) {
  t.test(zone, async t => {
    const changes = changesOf(zone)
    const cases = { checked: 0, gaps: 0, repeats: 0 }
    const wrong: string[] = []
    for (const change of changes) {
      const days = walk(zone, change - 30 * hour, change + 30 * hour, minute)
      for (let count = 0; count < 8; count++) compare(days, exampleOf(random, days.at(change), false), cases, wrong)
    }
    // By the second, a change of either direction is enough.
    for (const change of changes.slice(0, 2)) {
      const hours = walk(zone, change - 2.5 * hour, change + 2.5 * hour, 1000)
      for (let count = 0; count < 4; count++) compare(hours, exampleOf(random, hours.at(change), true), cases, wrong)
    }
    t.strictSame(wrong.slice(0, 5), [], `SEED=${seed}`)
    t.comment(`${changes.length} changes, ${cases.checked} occurrences, ${cases.gaps} gaps, ${cases.repeats} repeats`)
  })
}

interface Walk {
  zone: string
  instants: number[]
  /** Local times as Date.UTC() counts them. */
  locals: number[]
  step: number
  at(instant: number): Date
}

interface Expected {
  at: number
  note: 'dst_gap' | 'dst_repeat' | null
}

function compare(walk: Walk, example: Example, cases: Record<string, number>, wrong: string[]) {
  const expected = expectedOf(walk, example)
  const times = localTimes(parseCron(example.text), walk.zone)
  const check = (after: number, index: number) => {
    const due = expected[index]
    const at = times.next(new Date(after))
    // Beyond the walk, nothing is known.
    const right = due
      ? at?.getTime() === due.at && times.note(at) === due.note
      : !at || at.getTime() > walk.instants.at(-1)!
    cases.checked! += 1
    if (due?.note === 'dst_gap') cases.gaps! += 1
    if (due?.note === 'dst_repeat') cases.repeats! += 1
    if (right) return
    const words = `${at?.toISOString()} ${at && times.note(at)}, not ${due && new Date(due.at).toISOString()} ${due?.note}`
    wrong.push(`${example.text} in ${walk.zone} after ${new Date(after).toISOString()}: ${words}`)
  }
  // One after the other; where there are many, those around the change.
  const first = Math.max(0, Math.floor(expected.length / 2) - 40)
  let after = first === 0 ? walk.instants[0]! - 1 : expected[first - 1]!.at
  for (let index = first; index <= Math.min(expected.length, first + 80); index++) {
    check(after, index)
    after = expected[index]?.at ?? after
  }
  // And from anywhere, to the millisecond.
  for (let count = 0; count < 10; count++) {
    const anywhere = walk.instants[Math.floor(random() * walk.instants.length)]! + Math.floor(random() * walk.step)
    const index = expected.findIndex(({ at }) => at > anywhere)
    check(anywhere, index < 0 ? expected.length : index)
  }
}

function expectedOf({ instants, locals, step }: Walk, example: Example): Expected[] {
  if (example.everyHour) {
    return instants.filter((_, index) => example.matches(new Date(locals[index]!))).map(at => ({ at, note: null }))
  }
  const seen = new Map<number, number[]>()
  locals.forEach((local, index) => {
    const those = seen.get(local)
    if (those) those.push(instants[index]!)
    else seen.set(local, [instants[index]!])
  })
  const gap = locals.findIndex((local, index) => index > 0 && local - locals[index - 1]! > step)
  const found = new Map<number, Expected['note']>()
  for (let local = locals[0]!; local <= locals.at(-1)!; local += step) {
    if (!example.matches(new Date(local))) continue
    const those = seen.get(local)
    if (!those) found.set(instants[gap]!, 'dst_gap')
    else if (found.get(those[0]!) !== 'dst_gap') found.set(those[0]!, those.length > 1 ? 'dst_repeat' : null)
  }
  return [...found].map(([at, note]) => ({ at, note })).toSorted((a, b) => a.at - b.at)
}

function walk(zone: string, from: number, until: number, step: number): Walk {
  const localOf = clockOf(zone)
  const instants = Array.from({ length: Math.round((until - from) / step) + 1 }, (_, index) => from + index * step)
  return { zone, step, instants, locals: instants.map(localOf), at: instant => new Date(localOf(instant)) }
}

/** The first instants after each change; some day, where there is none. */
function changesOf(zone: string) {
  const localOf = clockOf(zone)
  const offsetOf = (instant: number) => localOf(instant) - instant
  const changes: number[] = []
  for (let at = from; at < until; at += day) {
    if (offsetOf(at) === offsetOf(at + day)) continue
    let moment = at
    while (offsetOf(moment) === offsetOf(at)) moment += minute
    changes.push(moment)
  }
  return changes.length > 0 ? changes : [Date.UTC(2027, 1, 27, 23)]
}

function clockOf(zone: string) {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  return (instant: number) => Date.parse(`${format.format(instant).replace(' ', 'T')}Z`)
}

/** mulberry32: the same seed gives the same examples. */
function randomFrom(seed: number) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
