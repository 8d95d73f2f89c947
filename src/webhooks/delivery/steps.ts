// Seconds between the tries of a message: eight in 27.6 hours.
const steps = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]
// Each is up to a fifth longer or shorter: receivers that come back do not get everything at once.
const jitter = 0.2
const longestWish = 86_400

/**
 * Seconds until the next try; null where there is none. A wish of the receiver (Retry-After) only makes it later: its
 * eight tries would be over in seconds otherwise.
 */
export function delayAfter(triesBefore: number, wish: number | undefined, random = Math.random()): number | null {
  const step = steps[triesBefore]
  if (step === undefined) return null
  return Math.max(step * (1 - jitter + 2 * jitter * random), Math.min(wish ?? 0, longestWish))
}

/** Seconds from a Retry-After, which has seconds or a date. */
export function wishIn(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header)) return Number(header)
  const seconds = (Date.parse(header) - now) / 1000
  return seconds > 0 ? seconds : undefined
}
