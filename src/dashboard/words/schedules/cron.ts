/** When a cron expression comes, in words; one that has no short ones stays as it was written. */
export function cronText(cron: string): string {
  const fields = cron.trim().split(/\s+/)
  if (fields.length !== 5) return cron
  const [minute, hour, day, month, weekday] = fields as [string, string, string, string, string]
  const times = timesText(minute, hour)
  const days = month === '*' ? daysText(day, weekday) : undefined
  if (!times || days === undefined) return cron
  // Hours across midnight belong to two days: "Monday, from 22:00 to 04:00" would be wrong.
  if (times.wraps && days !== '') return cron
  if (times.at) return `${days || 'each day'} at ${times.at}`
  return days ? `${days}, ${times.often}` : times.often!
}

/** Either times of a day or how often something comes. */
interface Times {
  at?: string
  often?: string
  wraps?: boolean
}

// More than these are no sentence.
const mostNames = 4

function timesText(minute: string, hour: string): Times | undefined {
  const minutes = stretchOf(minute, 60)
  const hours = stretchOf(hour, 24)
  if (minutes?.whole) return hours && often(everyText('minute', minutes.step), hours, 0, 60 - minutes.step)
  const at = numberOf(minute, 60)
  if (at === undefined) return undefined
  if (hours?.whole) return { often: hourlyText(hours.step, at) }
  if (hours && hours.first !== hours.last) return often(everyText('hour', hours.step), hours, at, at)
  const list = hour.split(',').map(text => numberOf(text, 24))
  if (list.length > mostNames || list.includes(undefined)) return undefined
  return { at: listText(list.map(hour => clock(hour!, at))) }
}

function hourlyText(step: number, minute: number) {
  return `${step === 1 ? 'each hour' : `every ${step} hours`}${minute === 0 && step > 1 ? '' : ` at minute ${minute}`}`
}

function often(how: string, { first, last, whole, step }: Stretch, from: number, to: number): Times | undefined {
  if (whole) return step === 1 ? { often: how } : undefined
  // Minutes of every second hour are no stretch of time.
  if (step > 1 && from !== to) return undefined
  return { often: `${how} from ${clock(first, from)} to ${clock(last, to)}`, wraps: first > last }
}

const everyText = (unit: string, step: number) => (step === 1 ? `each ${unit}` : `every ${step} ${unit}s`)

interface Stretch {
  first: number
  /** The last that comes, whatever the end of the range. */
  last: number
  step: number
  /** All of them, evenly. */
  whole: boolean
}

// Such as 8-18/2. Steps that do not come out even are no "every 7 minutes".
function stretchOf(text: string, size: number): Stretch | undefined {
  const [range = '', steps = '1', ...more] = text.split('/')
  const step = numberOf(steps, size)
  if (!step || more.length > 0) return undefined
  if (range === '*') return size % step === 0 ? { first: 0, last: size - step, step, whole: true } : undefined
  const [from = '', to = from, ...others] = range.split('-')
  const [first, end] = [numberOf(from, size), numberOf(to, size)]
  if (first === undefined || end === undefined || others.length > 0) return undefined
  if (step > 1 && first >= end) return undefined
  return { first, last: end - ((end - first) % step), step, whole: false }
}

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** Nothing for every day; undefined for what has no short words. */
function daysText(day: string, weekday: string): string | undefined {
  if (weekday === '*') {
    if (day === '*') return ''
    const number = numberOf(day, 32)
    return number ? `on day ${number} of each month` : undefined
  }
  if (day !== '*') return undefined
  const range = weekday.split('-').map(weekdayOf)
  if (range.length === 2 && !range.includes(undefined) && range[0] !== range[1]) return range.join(' to ')
  const list = weekday.split(',').map(weekdayOf)
  if (list.length > mostNames || list.includes(undefined)) return undefined
  return list.length === 1 ? `each ${list[0]}` : listText(list as string[])
}

function weekdayOf(text: string) {
  const number = numberOf(text, 8)
  return number === undefined
    ? weekdays.find(name => name.slice(0, 3).toUpperCase() === text.toUpperCase())
    : weekdays[number % 7]
}

function numberOf(text: string, size: number) {
  return /^\d{1,2}$/.test(text) && Number(text) < size ? Number(text) : undefined
}

const clock = (hour: number, minute: number) => [hour, minute].map(part => String(part).padStart(2, '0')).join(':')

function listText(names: string[]) {
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
