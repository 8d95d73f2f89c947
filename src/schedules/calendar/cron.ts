import { Cron } from 'croner'
import { type CronFieldName, fields, InvalidCron, patternOf, quoted, type Read, readField } from './cron-field.ts'

export { type CronFieldName, InvalidCron }

/**
 * Cron texts. Every field is spelled out into a list of values, so that croner neither guesses nor allocates what a
 * text asks for, and a refusal names field and value.
 */
export interface CronRule {
  /** As it was written. */
  text: string
  /** For croner: lists of values, and `*` where a field is complete. */
  pattern: string
  /** The hour field covers all 24. */
  everyHour: boolean
  /** It can match at a second other than 0. */
  hasSeconds: boolean
  /** The cron-parser in pg-boss reads the text as it is, with the same meaning. */
  plain: boolean
  /** Five fields with the same meaning for pg-boss; null where it has no words for it (seconds, `W`, `+`, mixed lists). */
  watchdog: string | null
}

const nicknames: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *'
}

const longest = 256

/** Throws `InvalidCron` for what is not understood, and for what never comes. */
export function parseCron(text: string): CronRule {
  const parts = partsOf(text)
  const and = parts[5]!.startsWith('+')
  if (and) parts[5] = parts[5]!.slice(1)
  const read = parts.map((part, index) => readField(part, fields[index]!))
  const [seconds, minutes, hours, days, monthly, weekly] = read as [Read, Read, Read, Read, Read, Read]
  if (days.marks.includes('LW') && days.marks.length + days.values.length > 1) {
    throw new InvalidCron('day of month', 'LW', 'LW must stand alone')
  }
  const together = and && !days.complete && !weekly.complete
  const five = [minutes, hours, days, monthly, weekly].map(patternOf)
  if (together) five[4] = `+${five[4]}`
  const onTheMinute = patternOf(seconds) === '0'
  if (!(days.complete && weekly.complete) && neverComes(five.slice(2).join(' '))) {
    throw new InvalidCron(null, text, `${quoted(text)} never comes: no year has such a day`)
  }
  const readable = onTheMinute && !together && pgBossReads(days, weekly)
  const plain = readable && !and && text.trim().split(blanks).length === 5 && read.every(one => one.plain)
  return {
    text,
    pattern: onTheMinute ? five.join(' ') : [patternOf(seconds), ...five].join(' '),
    everyHour: hours.complete,
    hasSeconds: !onTheMinute,
    plain,
    // cron-parser's word for `5#L` is `5L`.
    watchdog: plain ? text.trim() : readable ? five.join(' ').replace('#L', 'L') : null
  }
}

const blanks = /[ \t]+/

/** The six fields, seconds first. */
function partsOf(text: string) {
  if (text.length > longest) {
    throw new InvalidCron(null, text, `has ${text.length} characters; at most ${longest} are allowed`)
  }
  if (/[^\x20-\x7e\t]/.test(text)) {
    throw new InvalidCron(null, text, 'has a character that is neither printable ASCII nor a blank')
  }
  const trimmed = text.trim()
  if (trimmed === '') throw new InvalidCron(null, text, 'is empty; it must have 5 fields, or 6 with seconds')
  if (trimmed.startsWith('@')) return ['0', ...nicknamed(trimmed).split(' ')]
  const parts = trimmed.split(blanks)
  if (parts.length !== 5 && parts.length !== 6) {
    const count = parts.length === 1 ? '1 field' : `${parts.length} fields`
    throw new InvalidCron(null, text, `has ${count}; it must have 5, or 6 with seconds first`)
  }
  return parts.length === 5 ? ['0', ...parts] : parts
}

function nicknamed(text: string) {
  const known = Object.keys(nicknames).find(name => name === text.toLowerCase())
  if (known) return nicknames[known]!
  throw new InvalidCron(null, text, `${quoted(text)} is not one of ${Object.keys(nicknames).join(', ')}`)
}

/** cron-parser knows `L` and `5#3` where each stands alone. */
function pgBossReads(days: Read, weekly: Read) {
  const marks = [...days.marks, ...weekly.marks]
  if (marks.length === 0) return true
  const beside = [days, weekly].some(({ complete, values }) => !complete && values.length > 0)
  return marks.length === 1 && !beside && !marks[0]!.includes('W')
}

/** Within these years each month begins with each weekday, in leap years too. croner would look at 400 of them. */
function neverComes(days: string) {
  const cron = new Cron(`0 0 0 ${days} 2000-2027`, { mode: '7-part', utcOffset: 0, paused: true })
  return cron.nextRun(new Date('1999-12-31T00:00:00Z')) === null
}
