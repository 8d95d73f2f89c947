import { MediaRejected } from '../rejected.ts'
import { chooseFrameRate, evenPace, measure } from './frame-rate.ts'
import { fraction, number, positive, round } from './numbers.ts'
import { groupLength, type Packets } from './packets.ts'
import type { ProbedAudio, ProbedSubtitles, ProbedVideo } from './probed.ts'
import type { RawStream } from './streams.ts'

/** Characters. */
const longestTitle = 60

/** Seconds: packets of an intact stream begin closer than this to what its header says. */
const late = 0.1

export function describeVideo(
  stream: RawStream,
  { duration, packets }: { duration: number | null; packets: Packets }
): ProbedVideo {
  const { width: codedWidth = 0, height: codedHeight = 0 } = stream
  if (codedWidth < 1 || codedHeight < 1) {
    throw new MediaRejected('unreadable', 'The picture of this file has no size: it is damaged or incomplete.')
  }
  const { rotation, odd } = rotationOf(stream)
  const aspect = pixelAspect(stream, codedWidth, codedHeight)
  const squared = [Math.max(1, Math.round(codedWidth * aspect.value)), codedHeight] as const
  const [width, height] = rotation % 180 === 0 ? squared : ([squared[1], squared[0]] as const)

  const seen = packets.streams.get(stream.index)
  const interlaced = ['tt', 'bb', 'tb', 'bt'].includes(stream.field_order ?? '')
  const declared = fraction(stream.avg_frame_rate)
  const step = interlaced && holdsFields(seen?.times ?? [], declared) ? 2 : 1
  const times = onlyEvery(step, seen?.times ?? [])

  const count = packets.whole ? (seen?.count ?? 0) : positive(stream.nb_frames)
  const frames = count === null ? null : Math.ceil(count / step)
  const fps = chooseFrameRate({ times, declared })
  const span = packets.whole && seen && seen.to >= seen.from ? round(Math.max(seen.to - seen.from, 1 / fps)) : null
  const length = span ?? positive(stream.duration) ?? duration

  return {
    index: stream.index,
    codec: stream.codec_name!,
    profile: known(stream.profile),
    width,
    height,
    coded_width: codedWidth,
    coded_height: codedHeight,
    rotation,
    odd_rotation: odd,
    sample_aspect_ratio: aspect.text,
    fps: sparing(fps, frames, length),
    pace: evenPace(times),
    frames,
    group: packets.whole && seen && step === 1 ? groupLength(seen) : null,
    duration: length,
    pix_fmt: known(stream.pix_fmt),
    bit_depth: bitDepth(stream),
    hdr: stream.color_transfer === 'smpte2084' ? 'pq' : stream.color_transfer === 'arib-std-b67' ? 'hlg' : null,
    interlaced,
    full_range: stream.color_range === 'pc' || /^yuvj/.test(stream.pix_fmt ?? ''),
    bitrate: bitrateOf(stream, seen),
    start_time: startOf(stream, seen)
  }
}

export function describeAudio(stream: RawStream, { packets }: { packets: Packets }): ProbedAudio {
  const seen = packets.streams.get(stream.index)
  return {
    index: stream.index,
    codec: stream.codec_name!,
    channels: stream.channels!,
    channel_layout: known(stream.channel_layout),
    sample_rate: Number(stream.sample_rate),
    duration: packets.whole && seen && seen.to > seen.from ? round(seen.to - seen.from) : null,
    language: language(stream.tags?.language),
    title: titleOf(stream),
    role: roleOf(stream),
    bitrate: positive(stream.bit_rate),
    start_time: startOf(stream, seen),
    begins: seen && Number.isFinite(seen.from) ? seen.from : null,
    loudness: null
  }
}

/** A title comes from the upload: no character of it may end a line or a text of a playlist. */
function titleOf({ tags }: RawStream) {
  const plain = (tags?.title ?? '')
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}"\\]/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return plain === '' ? null : [...plain].slice(0, longestTitle).join('').trim()
}

function roleOf({ disposition: is = {} }: RawStream): ProbedAudio['role'] {
  if (is.comment) return 'commentary'
  if (is.descriptions || is.visual_impaired) return 'described'
  return is.hearing_impaired ? 'clear speech' : null
}

export function describeSubtitles(streams: RawStream[]): ProbedSubtitles[] {
  return streams
    .filter(({ codec_type }) => codec_type === 'subtitle')
    .map(({ index, codec_name, tags, disposition }) => ({
      index,
      codec: known(codec_name) ?? 'unknown',
      language: language(tags?.language),
      forced: Boolean(disposition?.forced),
      hearing_impaired: Boolean(disposition?.hearing_impaired)
    }))
}

/** Of a short stream that begins late, Matroska says the time of the other one; its packets know better. */
function startOf({ start_time }: RawStream, seen: { from: number } | undefined) {
  const said = number(start_time) ?? 0
  return seen && Number.isFinite(seen.from) && seen.from - said > late ? round(seen.from) : said
}

/** Camcorders store the two fields of a frame as two packets. */
function holdsFields(times: number[], declared: number) {
  const { mean = 0 } = measure(times)
  return declared > 0 && Math.abs(mean / (2 * declared) - 1) < 0.1
}

const onlyEvery = (step: number, times: number[]) =>
  step === 1 ? times : times.toSorted((a, b) => a - b).filter((_, at) => at % step === 0)

/**
 * Also over the whole file no frame is repeated more than three times: a pause of hours must not be filled at 30 a
 * second.
 */
function sparing(fps: number, frames: number | null, length: number | null) {
  // Up to 300 frames cost nothing, and a clip of two frames deserves a common rate.
  if (!frames || !length || fps * length <= Math.max(3 * frames, 300)) return fps
  return round(Math.max((3 * frames) / length, 0.01))
}

/** Phones rotate by quarter turns. Any other value, and garbage such as -2147483648, means upright. */
function rotationOf({ side_data_list = [] }: RawStream) {
  const counterclockwise = side_data_list.map(({ rotation }) => rotation).find(angle => typeof angle === 'number') ?? 0
  const angle = ((-counterclockwise % 360) + 360) % 360
  const quarter = ([0, 90, 180, 270, 360] as const).find(turn => Math.abs(turn - angle) <= 1)
  if (quarter === undefined || Math.abs(counterclockwise) > 361) return { rotation: 0, odd: true } as const
  return { rotation: quarter === 360 ? 0 : quarter, odd: false } as const
}

/** A pixel more than eight times as wide as high, or the reverse, means a damaged header. */
function pixelAspect({ sample_aspect_ratio: text = '' }: RawStream, width: number, height: number) {
  const [across = 0, down = 0] = text.split(':').map(Number)
  const value = across / down
  const sane = value >= 1 / 8 && value <= 8 && (width * value) / height < 100
  return sane ? { value, text: `${across}:${down}` } : { value: 1, text: '1:1' }
}

function bitDepth({ bits_per_raw_sample, pix_fmt = '' }: RawStream) {
  const named = /p0?(9|10|12|14|16)(?:le|be)$/.exec(pix_fmt)?.[1]
  return Number(named ?? (positive(bits_per_raw_sample) || 8))
}

function bitrateOf(stream: RawStream, seen: { bytes: number; from: number; to: number } | undefined) {
  const measured = seen && seen.to > seen.from ? Math.round((seen.bytes * 8) / (seen.to - seen.from)) : null
  return positive(stream.bit_rate) ?? measured
}

const language = (text: string | undefined) =>
  text && /^[a-z]{2,3}(-\w+)*$/i.test(text) && text !== 'und' ? text : null
const known = (text: string | undefined) => (text && text !== 'unknown' && text !== 'N/A' ? text.slice(0, 64) : null)
