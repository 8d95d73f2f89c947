import { durationText, relativeText, timeText } from '#dashboard/words/time.ts'

/** "4 min ago", "in 3 h"; undefined of no time. */
export function ago(time: string | null | undefined): string | undefined {
  return time ? relativeText(time, Date.now()) : undefined
}

/** "28 Nov 2026, 19:03:31 UTC (4 min ago)". */
export function when(time: string | null | undefined): string | undefined {
  return time ? `${timeText(time, 'UTC')} UTC (${ago(time)})` : undefined
}

/** Between two times; up to now where the second is missing. */
export function lasted(from: string | null | undefined, to: string | null | undefined): string | undefined {
  if (!from) return undefined
  return durationText(((to ? Date.parse(to) : Date.now()) - Date.parse(from)) / 1000)
}

export function long(seconds: number | null | undefined): string | undefined {
  return seconds === null || seconds === undefined ? undefined : durationText(seconds)
}
