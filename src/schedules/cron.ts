import { Cron } from 'croner'

/** A validated cron expression, with every field spelled out. */
export interface CronRule {
  text: string
  /** For croner: six fields of explicit lists. */
  pattern: string
  /** The hour field covers the whole day: the rule goes by elapsed time, not by local times that it names. */
  everyHour: boolean
  /** The same for the parser of pg-boss, in five fields; null where that parser would not read it. */
  plain: string | null
}

export class InvalidCron extends Error {
  override name = 'InvalidCron'
}

const longest = 256

const nicknames: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *'
}

const months = 'january february march april may june july august september october november december'.split(' ')
const weekdays = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ')

interface Field {
  name: string
  least: number
  most: number
  /** Words for the numbers from `least` on; three letters of them do. */
  words?: string[]
  /** Tokens that stand for other days in each month. */
  special?: RegExp
}

const second: Field = { name: 'second', least: 0, most: 59 }
const minute: Field = { name: 'minute', least: 0, most: 59 }
const hour: Field = { name: 'hour', least: 0, most: 23 }
const dayOfMonth: Field = { name: 'day of month', least: 1, most: 31, special: /^(?:L|LW|(?:[1-9]|[12]\d|3[01])W)$/ }
const month: Field = { name: 'month', least: 1, most: 12, words: months }
// 7 is Sunday too.
const weekday: Field = { name: 'weekday', least: 0, most: 6, words: weekdays }

/** Reads an expression, or throws an error that names the field and what is wrong with it. */
export function parseCron(text: string): CronRule {
  if (text.length > longest) throw new InvalidCron(`must be at most ${longest} characters`)
  const fields = fieldsOf(text)
  const [seconds, minutes, hours, days, monthsOf, daysOfWeek] = fields as [
    string,
    string,
    string,
    string,
    string,
    string
  ]
  const and = daysOfWeek.startsWith('+')
  const read = {
    seconds: readField(second, seconds),
    minutes: readField(minute, minutes),
    hours: readField(hour, hours),
    days: readField(dayOfMonth, days),
    months: readField(month, monthsOf),
    weekdays: readField(weekday, and ? daysOfWeek.slice(1) : daysOfWeek)
  }
  const rule = spellOut(text, read, and)
  if (neverComes(read, and) || !new Cron(rule.pattern, { mode: '6-part', timezone: 'UTC' }).nextRun()) {
    throw new InvalidCron('never comes')
  }
  return rule
}

function fieldsOf(text: string) {
  const trimmed = text.trim()
  if (trimmed === '') throw new InvalidCron('is empty')
  // A stray control character is shown, and not printed.
  if (/[^\x20-\x7e\t]/.test(trimmed)) throw new InvalidCron('has characters that no cron expression has')
  if (trimmed.startsWith('@')) {
    const nickname = nicknames[trimmed.toLowerCase()]
    if (!nickname) {
      throw new InvalidCron(`${shown(trimmed)} is not one of ${Object.keys(nicknames).join(', ')}`)
    }
    return ['0', ...nickname.split(' ')]
  }
  const fields = trimmed.split(/\s+/)
  if (fields.length === 5) return ['0', ...fields]
  if (fields.length === 6) return fields
  throw new InvalidCron(`has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'}: 5, or 6 with seconds first`)
}

/** What a field stands for: numbers, and tokens that mean another day in each month. */
interface Read {
  numbers: Set<number>
  special: string[]
  all: boolean
}

type Fields = Record<'seconds' | 'minutes' | 'hours' | 'days' | 'months' | 'weekdays', Read>

function readField(field: Field, text: string): Read {
  const size = field.most - field.least + 1
  const items = text.split(',')
  // A list of as many items as the field has values says everything.
  if (items.length > size)
    throw new InvalidCron(`${field.name}: the list has ${items.length} items, more than its ${size} values`)
  const numbers = new Set<number>()
  const special: string[] = []
  for (const item of items) {
    const token = specialIn(field, item)
    if (token !== undefined) special.push(token)
    else for (const number of readItem(field, item)) numbers.add(number)
  }
  return { numbers, special, all: numbers.size === size }
}

/** `L`, `LW`, `15W` of days; `5L`, `fri#2` of weekdays. */
function specialIn(field: Field, item: string) {
  const upper = item.toUpperCase()
  if (field.special?.test(upper)) return upper
  if (field !== weekday) return undefined
  const [, day, last, nth] = /^([0-9a-z]+?)(?:(L)|#(\w+))$/i.exec(item) ?? []
  // "april" does not end in an L of ours: only a weekday may stand before it.
  if (day === undefined || (last && !isNumber(weekday, day))) return undefined
  const number = readNumber(weekday, day) % 7
  if (last || nth?.toUpperCase() === 'L') return `${number}L`
  if (!/^[1-5]$/.test(nth!))
    throw new InvalidCron(`weekday: ${shown(item)} is not the first to fifth (#1 to #5) of a month`)
  return `${number}#${nth}`
}

/** `*`, `5`, `1-5`, `22-2`, each with a step. */
function readItem(field: Field, item: string): number[] {
  const [range, step, ...more] = item.split('/')
  if (range === undefined || range === '' || more.length > 0) {
    throw new InvalidCron(`${field.name}: ${shown(item)} is not a value, a range or a step`)
  }
  const [from, to] = rangeOf(field, range, step !== undefined)
  const by = step === undefined ? 1 : stepOf(field, step)
  const span = field.most - field.least + 1
  // Through the end of the field and on from its beginning, as far as `to`. "0-7" names Sunday twice.
  const length = to >= from ? to - from : to + span - from
  const numbers: number[] = []
  for (let each = 0; each <= length; each += by) numbers.push(((from - field.least + each) % span) + field.least)
  return numbers
}

function rangeOf(field: Field, range: string, hasStep: boolean): [number, number] {
  if (range === '*' || range === '?') return [field.least, field.most]
  const ends = range.split('-')
  if (ends.length > 2) throw new InvalidCron(`${field.name}: ${shown(range)} is not a range`)
  const [from, to] = ends.map(end => readNumber(field, end)) as [number, number?]
  if (to !== undefined)
    return field === weekday && to === 7 ? [from % 7, from === 7 ? 0 : 7] : [from % (field === weekday ? 7 : 100), to]
  const only = field === weekday ? from % 7 : from
  return [only, hasStep ? field.most : only]
}

function stepOf(field: Field, step: string) {
  const number = /^\d{1,3}$/.test(step) ? Number(step) : Number.NaN
  const most = field.most - field.least + 1
  if (number >= 1 && number <= most) return number
  throw new InvalidCron(`${field.name}: the step ${shown(step)} is not from 1 to ${most}`)
}

function readNumber(field: Field, text: string): number {
  const most = field === weekday ? 7 : field.most
  if (/^\d{1,3}$/.test(text)) {
    const number = Number(text)
    if (number >= field.least && number <= most) return number
    throw new InvalidCron(`${field.name}: ${text} is not from ${field.least} to ${most}`)
  }
  const word = text.toLowerCase()
  const index = field.words?.findIndex(name => name === word || name.slice(0, 3) === word) ?? -1
  if (index >= 0) return index + field.least
  throw new InvalidCron(
    `${field.name}: ${shown(text)} is not a value from ${field.least} to ${most}${field.words ? ' or a name' : ''}`
  )
}

function isNumber(field: Field, text: string) {
  try {
    readNumber(field, text)
    return true
  } catch {
    return false
  }
}

/**
 * Explicit lists: croner would take steps and ranges of named hours for jobs that go by elapsed time. Complete fields
 * of days become `*`, as `1-31` beside a weekday would mean every day; complete minutes of named hours stay a list.
 */
function spellOut(text: string, read: Fields, and: boolean): CronRule {
  const everyHour = read.hours.all
  const list = ({ numbers, special }: Read) => [...[...numbers].sort((one, other) => one - other), ...special].join(',')
  const starred = (field: Read) => (field.all ? '*' : list(field))
  const time = (field: Read) => (everyHour ? starred(field) : list(field))
  const hours = everyHour ? '*' : list(read.hours)
  // Where one of the two days is not restricted, AND and OR are the same.
  const plus = and && !read.days.all && !read.weekdays.all ? '+' : ''
  const date = [starred(read.days), starred(read.months), plus + starred(read.weekdays)]
  const special = read.days.special.length + read.weekdays.special.length > 0
  const onTheMinute = read.seconds.numbers.size === 1 && read.seconds.numbers.has(0)
  const plain = onTheMinute && !special && plus === ''
  return {
    text,
    pattern: [time(read.seconds), time(read.minutes), hours, ...date].join(' '),
    everyHour,
    plain: plain ? [starred(read.minutes), hours, ...date].join(' ') : null
  }
}

const longestMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Asking croner alone would take it through every year there is. */
function neverComes({ days, months, weekdays }: Fields, and: boolean) {
  if (days.all || days.special.some(token => token.startsWith('L'))) return false
  if (!and && !weekdays.all) return false
  const least = Math.min(...days.numbers, ...days.special.map(token => Number.parseInt(token, 10)))
  return ![...months.numbers].some(number => longestMonths[number - 1]! >= least)
}

/** Quotes a piece of the expression, cut to a readable length. */
function shown(text: string) {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
