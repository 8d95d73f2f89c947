import { readFileSync } from 'node:fs'
import type { Option } from '../command.ts'

/** Readers of the values of options. What is true of a value in the service alone, the service says. */

export function flag(about: string): Option<boolean> {
  return { about, read: () => true }
}

export function text(value: string, about: string, more: Partial<Option<string>> = {}): Option<string> {
  return { about, value, read: ([text]) => text!, ...more }
}

/** One of several times, or as a comma list. */
export function words(value: string, about: string, more: Partial<Option<string[]>> = {}): Option<string[]> {
  return { about, value, many: true, read: texts => texts.flatMap(text => text.split(',').filter(Boolean)), ...more }
}

export function choice<const T extends string>(choices: readonly T[], about: string): Option<T> {
  return {
    about,
    value: choices.join('|'),
    choices,
    read: ([text]) => {
      const found = choices.find(each => each === text!.toLowerCase())
      if (found === undefined) throw new Error(`must be one of ${choices.join(', ')}, not "${text}"`)
      return found
    }
  }
}

export function yesOrNo(about: string): Option<boolean> {
  const { read, ...option } = choice(['yes', 'no'], about)
  return { ...option, read: texts => read(texts) === 'yes' }
}

export function whole(value: string, about: string, [least, most]: [number, number] = [0, 2 ** 31 - 1]) {
  return {
    about,
    value,
    read: ([text]: string[]) => {
      const number = /^-?\d+$/.test(text!) ? Number(text) : Number.NaN
      if (!(number >= least && number <= most)) {
        throw new Error(`must be a whole number from ${least} to ${most}, not "${text}"`)
      }
      return number
    }
  }
}

const units: Record<string, number> = { '': 1, ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86_400 }
const duration = /^(\d+(?:\.\d+)?) ?(ms|s|m|min|h|d|)$/

/** Seconds, also as `5m`, `2h`, `1d`. */
export function seconds(about: string, value = 'seconds'): Option<number> {
  return {
    about,
    value,
    read: ([text]) => {
      const found = secondsIn(text!)
      if (found === undefined) throw new Error(`must be seconds, or a duration such as 5m, 2h or 1d, not "${text}"`)
      return found
    }
  }
}

function secondsIn(text: string) {
  const [, number, unit] = duration.exec(text) ?? []
  return number === undefined ? undefined : Number((Number(number) * units[unit!]!).toFixed(3))
}

/** A time; one without an offset is of this machine, and a duration counts from now, back (`past`) or ahead. */
export function moment(about: string, direction: 'past' | 'future'): Option<string> {
  return {
    about,
    value: 'time',
    read: ([text]) => {
      const length = secondsIn(text!)
      const sign = direction === 'past' ? -1 : 1
      const time = length === undefined ? timeIn(text!) : new Date(Date.now() + sign * length * 1000)
      if (time === undefined) {
        throw new Error(`must be a time such as 2030-01-31T09:00:00Z, or a duration such as 2h, not "${text}"`)
      }
      return time.toISOString()
    }
  }
}

function timeIn(text: string) {
  const [, day, clock = 'T00:00', offset = ''] =
    /^(\d{4}-\d\d-\d\d)(?:([T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/i.exec(text) ?? []
  const time = new Date(`${day}${clock.replace(' ', 'T')}${offset}`)
  // The 30th of February would be the 2nd of March.
  const isDay = day !== undefined && new Date(`${day}T00:00Z`).toJSON()?.startsWith(day)
  return isDay && !Number.isNaN(time.getTime()) ? time : undefined
}

/** A JSON object: itself, `@FILE`, or `-` for stdin. */
export function json(about: string): Option<Record<string, unknown>> {
  return {
    about,
    value: 'JSON',
    read: ([text]) => {
      const value = parsed(text!)
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new Error(`must be a JSON object such as '{"x": 1}', not ${shortened(text!)}`)
      }
      return value as Record<string, unknown>
    }
  }
}

function parsed(text: string): unknown {
  const source = sourceOf(text)
  try {
    return JSON.parse(source)
  } catch (error) {
    throw new Error(`must be JSON such as '{"x": 1}', not ${shortened(source)}: ${(error as Error).message}`)
  }
}

function sourceOf(text: string) {
  if (text !== '-' && !text.startsWith('@')) return text
  try {
    return readFileSync(text === '-' ? 0 : text.slice(1), 'utf8')
  } catch (error) {
    throw new Error(`cannot be read: ${(error as Error).message}`)
  }
}

function shortened(text: string) {
  const line = text.replaceAll(/\s+/g, ' ')
  return `"${line.length > 60 ? `${line.slice(0, 60)}…` : line}"`
}
