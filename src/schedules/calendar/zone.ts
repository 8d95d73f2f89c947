/** Time zones by name. All arithmetic is done with the tz database of Node.js: Postgres carries another, older one. */

export class UnknownZone extends Error {
  readonly zone: string

  constructor(zone: string) {
    super(`${shortened(zone)} is not a time zone; use a name such as Europe/Berlin or UTC`)
    this.name = 'UnknownZone'
    this.zone = zone
  }
}

const longest = 64

/** The name in the spelling of the tz database, as far as Node.js knows that; an alias keeps its name. */
export function zoneOf(text: string): string {
  // Offsets such as +02:00 are left out: Postgres reads them with the opposite sign, and they have no clock changes.
  if (text.length > longest || !/^[a-z][a-z0-9_+/-]*$/i.test(text)) throw new UnknownZone(text)
  try {
    const timeZone = formatOf(text).resolvedOptions().timeZone
    // Node.js answers Asia/Calcutta for Asia/Kolkata, which the client would not recognize.
    return timeZone.toLowerCase() === text.toLowerCase() ? timeZone : text
  } catch {
    throw new UnknownZone(text)
  }
}

// 26 kB each; making one takes 15 times as long as using it.
const formats = new Map<string, Intl.DateTimeFormat>()
// The tz database has about 600 names; other spellings of them must not pile up.
const mostFormats = 1_000

function formatOf(zone: string) {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: zone, hourCycle: 'h23' },
      ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' }
    })
    if (formats.size >= mostFormats) formats.clear()
    formats.set(zone, format)
  }
  return format
}

/** How far local time is ahead of UTC at an instant, both in milliseconds. */
export function offsetAt(instant: number, zone: string): number {
  const whole = Math.floor(instant / 1000) * 1000
  const [month, day, year, hour, minute, second] = formatOf(zone).format(whole).match(/\d+/g)!.map(Number)
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) - whole
}

/** ISO 8601 with the offset of the zone, such as `2026-03-29T03:00:00+02:00`; milliseconds only if there are some. */
export function localText(at: Date, zone: string): string {
  const offset = offsetAt(at.getTime(), zone)
  const local = new Date(at.getTime() + offset).toISOString().replace('.000Z', '').replace('Z', '')
  const minutes = Math.round(Math.abs(offset) / 60_000)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

function shortened(text: string) {
  const quoted = JSON.stringify(text)
  return quoted.length > longest + 2 ? `${quoted.slice(0, longest)}…"` : quoted
}
