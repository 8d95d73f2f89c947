export class UnknownZone extends Error {
  override name = 'UnknownZone'
}

const longest = 64
const formats = new Map<string, Intl.DateTimeFormat>()

/** The name of a time zone as its database spells it; throws where Node does not know it. */
export function zoneOf(text: string): string {
  // Node also takes offsets such as +02:00; no summer time follows from them, so a mistake would stay unnoticed.
  if (text.length > longest || !/^[A-Za-z][\w+/-]*$/.test(text))
    throw new UnknownZone('is not a time zone, such as Europe/Berlin')
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions()
    // Node answers the name that a link leads to; what the client wrote says the same.
    return timeZone.toLowerCase() === text.toLowerCase() ? timeZone : text
  } catch {
    throw new UnknownZone('is not a time zone, such as Europe/Berlin')
  }
}

/** Milliseconds by which local time is ahead of UTC at a moment. */
export function offsetAt(at: Date, zone: string): number {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric'
    })
    formats.set(zone, format)
  }
  const parts: Record<string, number> = {}
  for (const { type, value } of format.formatToParts(at)) parts[type] = Number(value)
  const local = Date.UTC(parts.year!, parts.month! - 1, parts.day!, parts.hour!, parts.minute!, parts.second!)
  return local - Math.floor(at.getTime() / 1000) * 1000
}

/** ISO 8601 with the zone's offset: 2026-03-29T03:00:00+02:00. */
export function localText(at: Date, zone: string): string {
  const offset = offsetAt(at, zone)
  const local = new Date(at.getTime() + offset).toISOString().replace(/(\.000)?Z$/, '')
  const minutes = Math.abs(Math.round(offset / 60_000))
  const two = (number: number) => String(number).padStart(2, '0')
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
