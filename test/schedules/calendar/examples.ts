/** Random cron texts, each with the values that it means: nothing here is read back from the text. */
export interface Example {
  text: string
  everyHour: boolean
  /** Whether a local time matches, in its UTC fields. */
  matches(local: Date): boolean
}

type Random = () => number

interface Part {
  text: string
  values: Set<number>
}

/** Near the local time of a clock change, so that it matters. */
export function exampleOf(random: Random, near: Date, seconds: boolean): Example {
  const hour = near.getUTCHours()
  const second = seconds ? partOf(random, 0, 59) : { text: '0', values: new Set([0]) }
  const minute = partOf(random, 0, 59)
  const hours =
    random() < 0.25 ? wholeOf(random, 0, 23) : partOf(random, 0, 23, [hour - 2, hour - 1, hour, hour, hour + 1])
  const days = daysOf(random, near)
  const month = monthOf(random, days.month)
  const text = [minute, hours, { text: days.ofMonth }, month, { text: days.ofWeek }].map(part => part.text).join(' ')
  return {
    text: seconds ? `${second.text} ${text}` : text,
    everyHour: hours.values.size === 24,
    matches: local =>
      second.values.has(local.getUTCSeconds()) &&
      minute.values.has(local.getUTCMinutes()) &&
      hours.values.has(local.getUTCHours()) &&
      month.values.has(local.getUTCMonth() + 1) &&
      days.match(local)
  }
}

const pick = <T>(random: Random, list: T[]) => list[Math.floor(random() * list.length)]!

function wholeOf(random: Random, min: number, max: number): Part {
  const size = max - min + 1
  const turn = min + 1 + Math.floor(random() * (size - 1))
  const text = pick(random, ['*', '*', `${min}-${max}`, '*/1', '?', `${turn}-${turn - 1}`])
  return { text, values: new Set(Array.from({ length: size }, (_, index) => min + index)) }
}

/** One to three values, ranges and steps; sometimes all. */
function partOf(random: Random, min: number, max: number, near?: number[]): Part {
  const size = max - min + 1
  const inside = (value: number) => min + ((((value - min) % size) + size) % size)
  const any = () => inside(near ? pick(random, near) : min + Math.floor(random() * size))
  const one = (): Part => {
    const [first, step] = [any(), 1 + Math.floor(random() * (size / 2))]
    const length = 1 + Math.floor(random() * (near ? 4 : size / 2))
    const last = inside(first + length - 1)
    const range = (by: number) =>
      new Set(Array.from({ length: Math.ceil(length / by) }, (_, at) => inside(first + at * by)))
    const upwards = Array.from({ length: max - first + 1 }, (_, at) => first + at)
    switch (pick(random, ['value', 'value', 'range', 'range by', 'from', 'by', near ? 'value' : 'all'])) {
      case 'range':
        return { text: `${first}-${last}`, values: range(1) }
      case 'range by':
        return { text: `${first}-${last}/${step}`, values: range(step) }
      case 'from':
        return { text: `${first}/${step}`, values: new Set(upwards.filter((_, at) => at % step === 0)) }
      case 'by':
        return {
          text: `*/${step}`,
          values: new Set([...Array(size).keys()].filter(at => at % step === 0).map(at => min + at))
        }
      case 'all':
        return wholeOf(random, min, max)
      default:
        return { text: String(first), values: new Set([first]) }
    }
  }
  const parts = Array.from({ length: pick(random, [1, 1, 1, 2, 3]) }, one)
  return { text: parts.map(part => part.text).join(','), values: new Set(parts.flatMap(part => [...part.values])) }
}

const monthNames = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')

function monthOf(random: Random, month: number): Part {
  if (random() < 0.7) return wholeOf(random, 1, 12)
  const [name, next] = [monthNames[month - 1]!, (month % 12) + 1]
  if (random() < 0.5) return { text: `${name}-${monthNames[next - 1]}`, values: new Set([month, next]) }
  return { text: pick(random, [name.toUpperCase(), String(month)]), values: new Set([month]) }
}

const dayNames = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ')
const milliseconds = 86_400_000

function daysOf(random: Random, near: Date) {
  const shifted = new Date(near.getTime() + pick(random, [-1, 0, 0, 0, 1]) * milliseconds)
  const [date, weekday] = [shifted.getUTCDate(), shifted.getUTCDay()]
  const nth = Math.ceil(date / 7)
  const name = pick(random, [dayNames[weekday]!, dayNames[weekday]!.slice(0, 3).toUpperCase(), String(weekday || 7)])
  const after = (weekday + 1) % 7

  type Test = (local: Date) => boolean
  const ofMonth: [string, Test][] = [
    [String(date), local => local.getUTCDate() === date],
    [`${date},${(date % 28) + 1}`, local => [date, (date % 28) + 1].includes(local.getUTCDate())],
    ['*/2', local => local.getUTCDate() % 2 === 1],
    ['L', local => local.getUTCDate() === lastOf(local)],
    ['LW', local => local.getUTCDate() === nearestOf(lastOf(local), local)],
    [`${date}W`, local => date <= lastOf(local) && local.getUTCDate() === nearestOf(date, local)]
  ]
  const ofWeek: [string, Test][] = [
    [name, local => local.getUTCDay() === weekday],
    [`${weekday}-${after}`, local => [weekday, after].includes(local.getUTCDay())],
    ['*/2', local => local.getUTCDay() % 2 === 0],
    [`${weekday}#${nth}`, local => local.getUTCDay() === weekday && Math.ceil(local.getUTCDate() / 7) === nth],
    [`${name}#L`, local => local.getUTCDay() === weekday && local.getUTCDate() > lastOf(local) - 7],
    [`${weekday}L`, local => local.getUTCDay() === weekday && local.getUTCDate() > lastOf(local) - 7]
  ]
  const [month, week] = [pick(random, ofMonth), pick(random, ofWeek)]
  const whole = pick(random, ['*', '?', '1-31'])
  const wholeWeek = pick(random, ['*', '0-6', 'sun-sat', '0-7'])
  const chosen = pick(random, [
    { ofMonth: whole, ofWeek: wholeWeek, match: () => true },
    { ofMonth: whole, ofWeek: wholeWeek, match: () => true },
    { ofMonth: month[0], ofWeek: wholeWeek, match: month[1] },
    { ofMonth: whole, ofWeek: week[0], match: week[1] },
    { ofMonth: month[0], ofWeek: week[0], match: (local: Date) => month[1](local) || week[1](local) },
    // Both, which may never come; this day it does.
    { ofMonth: String(date), ofWeek: `+${name}`, match: (local: Date) => ofMonth[0]![1](local) && ofWeek[0]![1](local) }
  ])
  // The month of that day: where it is the only one, another may have no such day at all.
  return { ...chosen, month: shifted.getUTCMonth() + 1 }
}

function lastOf(local: Date) {
  return new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate()
}

/** The Monday to Friday of this month that is nearest to a date. */
function nearestOf(date: number, local: Date) {
  const weekday = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), date)).getUTCDay()
  if (weekday === 6) return date > 1 ? date - 1 : date + 2
  if (weekday === 0) return date < lastOf(local) ? date + 1 : date - 2
  return date
}
