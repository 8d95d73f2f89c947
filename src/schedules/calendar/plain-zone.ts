import { offsetAt } from './zone.ts'

const hour = 3600_000
const day = 24 * hour
const known = new Map<string, boolean>()

/**
 * False for zones whose clocks change by other than an hour, or change at midnight, within three years: there the
 * parser of pg-boss throws at each of its passes around the change.
 */
export function hasPlainChanges(zone: string): boolean {
  let plain = known.get(zone)
  if (plain === undefined) {
    plain = changesOf(zone, Date.now()).every(({ at, by }) => {
      const local = new Date(at + offsetAt(at - 1, zone))
      return Math.abs(by) === hour && local.getUTCHours() !== 0 && local.getUTCHours() !== 23
    })
    known.set(zone, plain)
  }
  return plain
}

function changesOf(zone: string, from: number) {
  const changes: { at: number; by: number }[] = []
  let before = offsetAt(from, zone)
  for (let at = from + day; at < from + 3 * 366 * day; at += day) {
    const offset = offsetAt(at, zone)
    if (offset !== before) changes.push({ at: momentOf(zone, at - day, at), by: offset - before })
    before = offset
  }
  return changes
}

/** The minute of the change between two moments. */
function momentOf(zone: string, after: number, until: number) {
  const offset = offsetAt(after, zone)
  let low = after
  let high = until
  while (high - low > 1_000) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle, zone) === offset) low = middle
    else high = middle
  }
  return Math.round(high / 60_000) * 60_000
}
