import type { Severity } from '#database/tables.ts'

// Seconds.

/** For how long a problem has to stand without a gap before it opens: a restart, or a moment of load, is none. */
export const standing: Record<Severity, number> = { critical: 30, warning: 120, notice: 600 }

/** Looks that are further apart than this leave a gap: nothing is known of the time between. */
export const gap = 120

/** A problem that comes back so soon after it closed is flapping. */
export const flapping = 3_600

/**
 * For how long an open problem has to be gone before it closes: five minutes, and twice as long each time that it has
 * come back. So the same problem is told again after five minutes at the earliest, and what is told of as closed is.
 */
export function quiet(flaps: number) {
  return Math.min(300 * 2 ** Math.min(flaps, 10), flapping)
}
