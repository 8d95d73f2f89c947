/** One field of a cron text, spelled out: names, lists, ranges, steps and marks become values. */

export type CronFieldName = 'second' | 'minute' | 'hour' | 'day of month' | 'month' | 'weekday'

export class InvalidCron extends Error {
  /** The field that is wrong; null where it is the whole text. */
  readonly field: CronFieldName | null
  readonly value: string

  constructor(field: CronFieldName | null, value: string, reason: string) {
    super(field ? `${field}: ${reason}` : reason)
    this.name = 'InvalidCron'
    this.field = field
    this.value = value
  }
}

export interface Field {
  name: CronFieldName
  min: number
  /** The largest number that may be written. */
  max: number
  /** How many different values there are. */
  size: number
  names: string[]
}

const field = (name: CronFieldName, min: number, max: number, size = max - min + 1, names: string[] = []): Field => {
  return { name, min, max, size, names }
}
const months = 'january february march april may june july august september october november december'.split(' ')
const weekdays = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ')

export const fields = [
  field('second', 0, 59),
  field('minute', 0, 59),
  field('hour', 0, 23),
  field('day of month', 1, 31),
  field('month', 1, 12, 12, months),
  field('weekday', 0, 7, 7, weekdays)
]

export interface Read {
  /** Ascending, each once. */
  values: number[]
  /** What is no value: `L`, `LW` and `15W` of a month; `5#3` and `5#L` of its weekdays. */
  marks: string[]
  complete: boolean
  /** cron-parser reads this field as it is written. */
  plain: boolean
}

/** Refuses what the field cannot have. */
export function readField(text: string, field: Field): Read {
  const items = text.split(',')
  const most = field.max - field.min + 1
  if (items.length > most) {
    throw new InvalidCron(
      field.name,
      text,
      `a list of ${items.length} values is longer than the field, which has ${most}`
    )
  }
  const read = items.map(item => readItem(item, field))
  const listed = read.flatMap(item => item.values)
  const values = [...new Set(listed)].toSorted((a, b) => a - b)
  const complete = values.length === field.size
  // A mark that a value includes would take its place in croner.
  const marks = [...new Set(read.flatMap(item => item.mark ?? []))].filter(
    mark => !complete && !(field.name === 'weekday' && values.includes(Number(mark[0])))
  )
  const inDays = field.name === 'day of month' || field.name === 'weekday'
  const plain =
    read.every(item => item.plain) &&
    // cron-parser refuses what is listed twice, and takes only `*` for every day.
    values.length === listed.length &&
    !(complete && text !== '*' && (inDays || items.length > 1))
  return { values, marks, complete, plain }
}

export function patternOf({ complete, values, marks }: Read) {
  return complete ? '*' : [...values, ...marks].join(',')
}

interface Item {
  values: number[]
  mark?: string
  plain: boolean
}

function readItem(item: string, field: Field): Item {
  const mark = markOf(item, field)
  if (mark) return { values: [], mark, plain: false }
  const match = item.match(/^(?:([*?])|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:\/([0-9]+))?$/i)
  if (!match) throw unreadable(item, field)
  const [, all, first, last, stepText] = match
  const step = stepText === undefined ? 1 : stepOf(stepText, field)
  if (all) return { values: spread(field.min, field.size, step, field), plain: all === '*' }

  const from = numberOf(first!, field)
  const to = last !== undefined ? numberOf(last, field) : stepText === undefined ? from : field.min + field.size - 1
  // cron-parser knows no full names, counts `5/2` of a week up to 7, and refuses a range that wraps.
  const openWeek = field.name === 'weekday' && stepText !== undefined && last === undefined
  const plain = from <= to && !openWeek && [first, last].every(word => !/[a-z]{4}/i.test(word ?? ''))
  return { values: spread(from, countOf(from, to, field), step, field), plain }
}

/** How many values a range has. One that ends before it begins wraps, as `22-2` and `fri-mon` do. */
function countOf(from: number, to: number, { size }: Field) {
  return from <= to ? Math.min(to - from + 1, size) : to - from + 1 + size
}

/** At most as many values as the field has, whatever the text says. */
function spread(from: number, count: number, step: number, { min, size }: Field) {
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => min + ((from - min + index * step) % size))
}

function stepOf(text: string, { name, size }: Field) {
  const step = Number(text)
  if (step === 0) throw new InvalidCron(name, text, 'a step of 0 leads nowhere')
  if (step > size)
    throw new InvalidCron(name, text, `the step ${short(text)} is larger than the field, which has ${size}`)
  return step
}

function numberOf(text: string, { name, min, max, names }: Field) {
  if (/^\d+$/.test(text)) {
    const value = Number(text)
    if (value >= min && value <= max) return value
    throw new InvalidCron(name, text, `${short(text)} is not from ${min} to ${max}`)
  }
  const word = text.toLowerCase()
  const named = names.findIndex(full => word === full || word === full.slice(0, 3))
  if (named >= 0) return min + named
  throw unreadable(text, { name, min, max, names })
}

function markOf(item: string, field: Field) {
  if (field.name === 'day of month') return markOfMonth(item, field)
  if (field.name === 'weekday') return markOfWeekday(item, field)
}

function markOfMonth(item: string, field: Field) {
  if (/^lw?$/i.test(item)) return item.toUpperCase()
  if (/^l-\d+$/i.test(item)) {
    throw new InvalidCron(
      field.name,
      item,
      `${short(item)} is not supported; L is the last day, LW the last Monday to Friday`
    )
  }
  const nearest = item.match(/^(\d+)w$/i)
  return nearest ? `${numberOf(nearest[1]!, field)}W` : undefined
}

/** `5#3` is the third Friday of a month; `5L`, `5#L` the last one. */
function markOfWeekday(item: string, field: Field) {
  const match = item.match(/^([a-z]+|\d+)(?:#(.*)|l)$/i)
  if (!match) return undefined
  const [, day, nth = 'L'] = match
  if (!/^([1-5]|l)$/i.test(nth)) {
    throw new InvalidCron(field.name, item, `after # comes 1 to 5 or L, not ${quoted(nth)}`)
  }
  return `${numberOf(day!, field) % 7}#${nth.toUpperCase()}`
}

function unreadable(text: string, { name, min, max, names }: Omit<Field, 'size'>) {
  const known = reasons.get(text.toLowerCase())
  if (known) return new InvalidCron(name, text, known)
  const range = `${min} to ${max}${names.length > 0 ? ` or ${names[0]!.slice(0, 3)} to ${names.at(-1)!.slice(0, 3)}` : ''}`
  return new InvalidCron(name, text, `${quoted(text)} is not understood; values are ${range}, with * , - and /`)
}

const reasons = new Map([
  ['', 'a value is missing'],
  ['h', 'H is not supported; jitter spreads schedules that name the same time'],
  // Saturday in one dialect, the last day of the month in another.
  ['l', 'L stands in the day of month, or after a weekday, such as 5L'],
  ['lw', 'LW stands in the day of month']
])

/** For a message, which a long text must not fill. */
export function quoted(text: string) {
  return `"${short(text)}"`
}

function short(text: string) {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
