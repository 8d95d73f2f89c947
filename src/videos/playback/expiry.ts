/** Seconds; a link is valid for a week at most. */
export const longest = 604_800
export const shortest = 60

// Seconds. All viewers of a film get the same link for so long, so that caches serve it to all of them.
const step = 900
// Of clocks, between the signer and here.
const skew = 60
// For pauses, besides the length of the film.
const patience = 3_600
const usual = 6 * 3_600
/** Seconds that a film of unknown length may take: as long as the longest one. */
const unknown = 86_400

/** Seconds for which a film's links are valid where the request does not say: time to see it, twice. */
export function usualSeconds(duration: number | null) {
  return Math.min(longest, Math.max(usual, Math.ceil(2 * (duration ?? 0))))
}

/** In minutes since 1970, rounded up. `now` is in milliseconds, as everywhere here. */
export function expiryIn(seconds: number, now: number): number {
  return (Math.ceil((now / 1000 + seconds) / step) * step) / 60
}

/** A link that an app has signed must not be valid for longer than those of the API. */
export function isTooFar(exp: number, now: number) {
  return exp * 60 > now / 1000 + longest + step + skew
}

/**
 * Seconds for which a link is still valid, 0 or less where it is not: to begin a film, or to go on with one. A film
 * that has begun may be finished.
 */
export function secondsLeft(exp: number, now: number, going: { on: boolean; duration: number | null }): number {
  const more = going.on ? (going.duration ?? unknown) + patience : skew
  return exp * 60 + more - now / 1000
}

/**
 * Whether a request goes on with a film: what a playlist names, later parts of a file, and what is shown beside it. A
 * range that counts from the end does not: it may be the whole file.
 */
export function goesOn(name: string, range: string | undefined): boolean {
  if (name.startsWith('hls/')) return name !== 'hls/master.m3u8'
  return /^(subtitles\/|storyboard)/.test(name) || isLater(range)
}

/** A single range that does not begin with the first byte. */
export function isLater(range: string | undefined): boolean {
  return /^\s*bytes=\s*0*[1-9]\d*-\d*\s*$/.test(range ?? '')
}
