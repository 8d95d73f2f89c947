/** A segment as a playlist names it. */
export interface Listed {
  name: string
  /** Seconds. */
  duration: number
}

export interface Variant {
  rung: string
  /** Null where there is only sound. */
  width: number | null
  height: number | null
  fps: number | null
  codecs: string
  /** Bits a second: of the largest segment, and of all of them. */
  peak: number
  average: number | null
}

/** Seconds of a segment. The first ones are shorter, and what a playlist says of the longest must not change. */
const usual = 4

export const playlistType = 'application/vnd.apple.mpegurl'

/** The segments of one rung. One that still grows is of the type EVENT: a player may go back to the start of the film. */
export function mediaPlaylist(init: string, segments: Listed[], { complete }: { complete: boolean }) {
  const longest = Math.max(usual, ...segments.map(({ duration }) => Math.round(duration)))
  return lines([
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${longest}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    `#EXT-X-PLAYLIST-TYPE:${complete ? 'VOD' : 'EVENT'}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-MAP:URI="${init}"`,
    ...segments.flatMap(({ name, duration }) => [`#EXTINF:${duration.toFixed(6)},`, name]),
    ...(complete ? ['#EXT-X-ENDLIST'] : [])
  ])
}

/** The smallest rung comes first: players that begin with the first one start soonest. */
export function masterPlaylist(variants: Variant[]) {
  const sorted = variants.toSorted((one, other) => pixelsOf(one) - pixelsOf(other))
  return lines([
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    ...sorted.flatMap(({ rung, width, height, fps, codecs, peak, average }) => [
      `#EXT-X-STREAM-INF:${[
        `BANDWIDTH=${Math.ceil(peak)}`,
        ...(average === null ? [] : [`AVERAGE-BANDWIDTH=${Math.ceil(average)}`]),
        ...(fps === null ? [] : [`RESOLUTION=${width}x${height}`, `FRAME-RATE=${fps.toFixed(3)}`]),
        `CODECS="${codecs}"`
      ].join(',')}`,
      `${rung}/index.m3u8`
    ])
  ])
}

const pixelsOf = ({ width, height }: Variant) => (width ?? 0) * (height ?? 0)

const lines = (all: string[]) => `${all.join('\n')}\n`
