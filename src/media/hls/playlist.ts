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

/** An audio track as the master playlist names it. */
export interface Sound {
  name: string
  /** BCP 47; `und` where it is not known. */
  language: string
  default: boolean
  channels: number
  /** Name of its stream; null of the track that is in the rungs. */
  stream: string | null
  /** Bits a second. */
  peak: number
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
export function masterPlaylist(variants: Variant[], sounds: Sound[] = []) {
  const sorted = variants.toSorted((one, other) => pixelsOf(one) - pixelsOf(other))
  // A player that takes a track of its own loads that beside a rung.
  const beside = Math.max(0, ...sounds.map(({ peak }) => peak))
  const group = sounds.length > 0 ? [`AUDIO="${soundGroup}"`] : []
  return lines([
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    ...sounds.map(mediaTag),
    ...sorted.flatMap(({ rung, width, height, fps, codecs, peak, average }) => [
      `#EXT-X-STREAM-INF:${[
        `BANDWIDTH=${Math.ceil(peak + beside)}`,
        ...(average === null ? [] : [`AVERAGE-BANDWIDTH=${Math.ceil(average + beside)}`]),
        ...(fps === null ? [] : [`RESOLUTION=${width}x${height}`, `FRAME-RATE=${fps.toFixed(3)}`]),
        `CODECS="${codecs}"`,
        ...group
      ].join(',')}`,
      `${rung}/index.m3u8`
    ])
  ])
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
    ...(stream === null ? [] : [`URI="${stream}/index.m3u8"`])
  ].join(',')}`
}

const pixelsOf = ({ width, height }: Variant) => (width ?? 0) * (height ?? 0)

const lines = (all: string[]) => `${all.join('\n')}\n`
