/** A segment as a playlist names it. */
export interface Listed {
  name: string
  /** Seconds. */
  duration: number
  /** How many of its first bytes are listed; all without it. */
  bytes?: number
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

/** An audio track as the master playlist names it. */
export interface Sound {
  name: string
  /** BCP 47; `und` where it is not known. */
  language: string
  default: boolean
  channels: number
  /** Name of its stream. */
  stream: string
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
    ...segments.flatMap(({ name, duration, bytes }) => [
      `#EXTINF:${duration.toFixed(6)},`,
      ...(bytes === undefined ? [] : [`#EXT-X-BYTERANGE:${bytes}@0`]),
      name
    ]),
    ...(complete ? ['#EXT-X-ENDLIST'] : [])
  ])
}

/** The smallest rung comes first: players that begin with the first one start soonest. */
export function masterPlaylist(variants: Variant[]) {
  return master(variants, ({ rung }) => `${rung}/index.m3u8`)
}

/**
 * The same for players that choose an audio track: rungs of the picture alone, and every track beside them. A player that
 * knows no such tracks would play it silently, so it is not the one that players get without asking.
 */
export function tracksPlaylist(variants: Variant[], sounds: Sound[]) {
  // Of sound alone, the rung is its default track.
  const urlOf = ({ rung, fps }: Variant) => `${rung}/${fps === null ? 'index' : 'picture'}.m3u8`
  return master(variants, urlOf, sounds.map(mediaTag), [`AUDIO="${soundGroup}"`])
}

function master(variants: Variant[], urlOf: (variant: Variant) => string, media: string[] = [], group: string[] = []) {
  const sorted = variants.toSorted((one, other) => pixelsOf(one) - pixelsOf(other))
  return lines([
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    ...media,
    ...sorted.flatMap(variant => [
      `#EXT-X-STREAM-INF:${[...attributesOf(variant), ...group].join(',')}`,
      urlOf(variant)
    ])
  ])
}

function attributesOf({ width, height, fps, codecs, peak, average }: Variant) {
  return [
    `BANDWIDTH=${Math.ceil(peak)}`,
    ...(average === null ? [] : [`AVERAGE-BANDWIDTH=${Math.ceil(average)}`]),
    ...(fps === null ? [] : [`RESOLUTION=${width}x${height}`, `FRAME-RATE=${fps.toFixed(3)}`]),
    `CODECS="${codecs}"`
  ]
}

const soundGroup = 'sound'

function mediaTag({ name, language, default: isDefault, channels, stream }: Sound) {
  return `#EXT-X-MEDIA:${[
    'TYPE=AUDIO',
    `GROUP-ID="${soundGroup}"`,
    `NAME="${name}"`,
    ...(language === 'und' ? [] : [`LANGUAGE="${language}"`]),
    `DEFAULT=${isDefault ? 'YES' : 'NO'}`,
    'AUTOSELECT=YES',
    `CHANNELS="${channels}"`,
    `URI="${stream}/index.m3u8"`
  ].join(',')}`
}

const pixelsOf = ({ width, height }: Variant) => (width ?? 0) * (height ?? 0)

const lines = (all: string[]) => `${all.join('\n')}\n`
