import { refuse } from '#schema/check.ts'
import { minutesKept } from './retention.ts'

export interface Asked {
  from?: string
  to?: string
  step?: number
}

/** The buckets of an answer: each begins at a multiple of `step`; times in milliseconds. */
export interface Range {
  from: number
  to: number
  step: number
  points: number
  /** Read the hours, and minutes only where no hour is summed up yet. */
  hours: boolean
}

export const mostPoints = 1_500

const minute = 60_000
const hour = 60 * minute
// Milliseconds; a chart is about 700 points wide.
const steps = [1, 5, 15, 60, 6 * 60, 24 * 60, 7 * 24 * 60].map(minutes => minutes * minute)
const mostByDefault = 720

/**
 * The last hour by minutes, unless told otherwise. Minutes for up to 48 hours that are still kept, else hours. Throws
 * with the field that does not fit.
 */
export function rangeOf(asked: Asked, now: number): Range {
  const to = Math.min(asked.to === undefined ? now : Date.parse(asked.to), now)
  const from = asked.from === undefined ? to - hour : Date.parse(asked.from)
  if (asked.from !== undefined && from >= now) throw refuse([{ field: 'from', message: 'must be in the past' }])
  if (from >= to) throw refuse([{ field: 'from', message: 'must be before to' }])

  const areMinutes = (step: number) => to - from <= minutesKept * hour && floor(from, step) >= keptFrom(now)
  const step = asked.step === undefined ? usualStep(from, to, areMinutes(minute)) : asked.step * 1000
  const hours = !areMinutes(step)
  const grain = hours ? hour : minute
  if (step % grain !== 0) {
    const message = hours
      ? `must be a multiple of 3600 for more than ${minutesKept} hours, and for times before the last ${minutesKept} hours`
      : 'must be a multiple of 60'
    throw refuse([{ field: 'step', message }])
  }
  const start = floor(from, step)
  const end = floor(to - 1, step) + step
  const points = (end - start) / step
  if (points > mostPoints) {
    const message = `must be larger for this range: it has ${points} points, and ${mostPoints} is the limit`
    throw refuse([{ field: 'step', message }])
  }
  return { from: start, to: end, step, points, hours }
}

/** Whole hours of minutes are removed, so those of the hour that was 48 hours ago are still there. */
function keptFrom(now: number) {
  return floor(now - minutesKept * hour, hour)
}

function usualStep(from: number, to: number, areMinutes: boolean) {
  const possible = areMinutes ? steps : steps.filter(step => step >= hour)
  return possible.find(step => (to - from) / step <= mostByDefault) ?? possible.at(-1)!
}

function floor(time: number, step: number) {
  return Math.floor(time / step) * step
}
