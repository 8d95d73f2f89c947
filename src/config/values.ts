import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import path from 'node:path'

const GiB = 1024 ** 3

/** Those of keys. */
const presetNames = ['viewer', 'submitter', 'operator', 'player', 'scraper', 'admin'] as const
type Preset = (typeof presetNames)[number]

/** Reads a value from its text, or throws a sentence that completes "PORT …". */
export type Parse<T> = (value: string) => T

export function text(value: string) {
  return value
}

export function label(value: string) {
  if (value.length > 40) throw new Error('must have at most 40 characters')
  return value
}

export function folder(value: string) {
  return path.resolve(value)
}

export function folderThatIs(value: string) {
  try {
    readdirSync(value)
    return path.resolve(value)
  } catch {
    throw new Error(`must be a folder that can be read, not "${value}"`)
  }
}

/** A path, or the name of a program on PATH. */
export function program(value: string) {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(folder => folder !== '')
  const files = value.includes('/') ? [value] : folders.map(folder => path.join(folder, value))
  if (!files.some(isProgram)) throw new Error(`must be a program that can be run, not "${value}"`)
  return value
}

function isProgram(file: string) {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

export function integer(least: number, most: number): Parse<number> {
  return value => {
    const number = /^-?\d+$/.test(value) ? Number(value) : Number.NaN
    if (!(number >= least && number <= most)) {
      throw new Error(`must be a whole number from ${least} to ${most}, not "${value}"`)
    }
    return number
  }
}

export function seconds(least: number, most: number, unit = 'seconds'): Parse<number> {
  return value => {
    const number = /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN
    if (!(number >= least && number <= most)) {
      throw new Error(`must be a number of ${unit} from ${least} to ${most}, not "${value}"`)
    }
    return number
  }
}

export function bytes(value: string) {
  const match = /^(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|TiB)?$/i.exec(value)
  const unit = { b: 1, kib: 1024, mib: 1024 ** 2, gib: GiB, tib: 1024 * GiB }[(match?.[2] ?? 'B').toLowerCase()]
  const number = Math.floor(Number(match?.[1]) * (unit ?? Number.NaN))
  if (!(number >= 1 && number <= 1024 * GiB)) {
    throw new Error(`must be a number of bytes such as 1048576, 500 MiB or 10 GiB, not "${value}"`)
  }
  return number
}

export function names(value: string) {
  const list = listOf(value)
  const bad = list.find(name => !/^[\w.-]{1,100}$/.test(name))
  if (list.length === 0 || bad !== undefined) {
    throw new Error(`must be a comma list of queue names (letters, digits, "_", "-", "."), not "${value}"`)
  }
  return list
}

export function rungs(value: string) {
  const list = listOf(value)
  const known = ['480p', '720p', '1080p', '1440p', '2160p']
  if (list.length === 0 || !list.every(name => known.includes(name))) {
    throw new Error(`must be a comma list of ${known.join(', ')}, not "${value}"`)
  }
  return list
}

export function listOf(value: string) {
  return [...new Set(value.split(',').map(each => each.trim()))].filter(each => each !== '')
}

export function timezone(value: string) {
  // Loading the list of time zones takes 15 ms, a third of a child's start.
  if (value === 'UTC') return value
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone && value
  } catch {
    throw new Error(`must be a time zone such as UTC or Europe/Berlin, not "${value}"`)
  }
}

export function oneOf<const T extends string>(...values: T[]): Parse<T> {
  return value => {
    const found = values.find(each => each === value.toLowerCase())
    if (!found) throw new Error(`must be one of ${values.join(', ')}, not "${value}"`)
    return found
  }
}

/** Those beside H.264, in one order: sets of prints of the same codecs are the same. */
export function codecs(value: string) {
  const list = listOf(value.toLowerCase())
  const known = ['hevc', 'vp9', 'av1'] as const
  if (list.length === 0 || !list.every(name => name === 'h264' || known.some(each => each === name))) {
    throw new Error(`must be a comma list of h264, ${known.join(', ')}, not "${value}"`)
  }
  return known.filter(name => list.includes(name))
}

/** One of a proxy's own: those that mean something to HTTP or to Darkroom name no person. */
export function proxyHeader(value: string) {
  const taken =
    /^(?:authorization|cookie|host|origin|connection|content-.*|sec-.*|x-forwarded-(?:for|proto|host)|darkroom-.*)$/i
  if (!/^[a-z][a-z\d-]{0,63}$/i.test(value) || taken.test(value)) {
    throw new Error(`must be the name of a header such as Remote-User, not "${value}"`)
  }
  return value
}

export function longSecret(value: string) {
  // Not repeated.
  if (!/^[\x21-\x7e]{32,512}$/.test(value)) throw new Error('must be 32 to 512 visible ASCII characters')
  return value
}

/** Presets by the name of a person. */
export function roles(value: string): ReadonlyMap<string, Preset> {
  const entries = listOf(value).map(entry => /^(.{1,100}?)\s*=\s*(\w+)$/.exec(entry)?.slice(1) ?? [])
  if (entries.length === 0 || !entries.every(([, role]) => presetNames.includes(role as Preset))) {
    throw new Error(`must be a comma list such as anna=admin,*=viewer of ${presetNames.join(', ')}, not "${value}"`)
  }
  return new Map(entries as [string, Preset][])
}
