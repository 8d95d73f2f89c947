import type { Print } from '../plan/print.ts'
import { asFraction } from '../probe/frame-rate.ts'
import type { ProbedAudio, ProbedVideo } from '../probe/probed.ts'
import type { Filters } from './filters-of.ts'

interface Sizes {
  width: number
  height: number
}

interface Steps {
  filters: Filters
  /** What a part of the film does without. */
  cut?: string[]
  /** How frames come to their encoders. */
  ending?: string[]
}

/**
 * Steps common to all prints come once, before the split: deinterlacing, the constant rate, scaling to the largest
 * print, colours. Smaller prints are scaled from that rather than from a source four times the size.
 */
export function pictureGraph(video: ProbedVideo, all: Print[], { filters, cut = [], ending = [] }: Steps) {
  const prints = all.filter(({ copied }) => !copied)
  const [largest, ...rest] = prints.map(({ width, height }) => ({ width: width!, height: height! }))
  const shared = [
    ...(video.interlaced ? ['bwdif=mode=send_frame:deint=interlaced'] : []),
    // No start time here: fps would fill up from zero again wherever a broadcast changes its resolution.
    `fps=${asFraction(video.fps)}`,
    ...cut,
    ...colours(video, largest!, filters),
    'format=yuv420p',
    'setsar=1'
  ]
  if (rest.length === 0) return `[0:${video.index}]${[...shared, ...ending].join(',')}[v0]`

  const branches = rest.map((_, at) => `[s${at + 1}]`)
  const first = ending.length > 0 ? '[s0]' : '[v0]'
  return [
    `[0:${video.index}]${shared.join(',')},split=${prints.length}${first}${branches.join('')}`,
    ...(ending.length > 0 ? [`[s0]${ending.join(',')}[v0]`] : []),
    ...rest.map((size, at) => {
      const steps = [scaled(size, filters), 'setsar=1', ...ending]
      return `${branches[at]}${steps.join(',')}[v${at + 1}]`
    })
  ].join(';')
}

function colours(video: ProbedVideo, size: Sizes, filters: Filters) {
  if (video.hdr && filters.toneMap) {
    return [
      `scale=${exactly(size)}`,
      // Linear light in floats, tone-mapped to SDR; 100 nits is the white of an SDR screen.
      'zscale=t=linear:npl=100',
      'format=gbrpf32le',
      'zscale=p=bt709',
      'tonemap=hable:desat=0',
      'zscale=t=bt709:m=bt709:r=tv'
    ]
  }
  if (isRgb(video)) return [`scale=${exactly(size)}:out_color_matrix=bt709:out_range=tv`]
  if (video.full_range) return [`scale=${exactly(size)}:in_range=pc:out_range=tv`]
  return [isPlain(video) && !isOfSize(video, size) ? scaled(size, filters) : `scale=${exactly(size)}`]
}

/** Frames that only have to be scaled: zscale converts no pixel formats, and some versions of it refuse odd sizes. */
const isPlain = ({ pix_fmt, coded_width, coded_height }: ProbedVideo) =>
  pix_fmt === 'yuv420p' && coded_width % 2 === 0 && coded_height % 2 === 0

const isOfSize = ({ coded_width, coded_height, rotation }: ProbedVideo, { width, height }: Sizes) =>
  rotation % 180 === 0
    ? coded_width === width && coded_height === height
    : coded_width === height && coded_height === width

/** Of plain frames. The kernel is the default one of `scale`. */
const scaled = (size: Sizes, { zscale }: Filters) =>
  zscale ? `zscale=${size.width}:${size.height}:filter=bicubic:param_a=0:param_b=0.6` : `scale=${exactly(size)}`

export function soundGraph(audio: ProbedAudio, label = 'a') {
  const { gain = 0 } = audio.loudness ?? {}
  const chain = [...soundChain(audio), ...(gain === 0 ? [] : [`volume=${gain}dB`])]
  return `[0:${audio.index}]${chain.join(',')}[${label}]`
}

/** Fills gaps with silence, so that audio and video stay in sync; a late start is kept. */
export function soundChain(audio: ProbedAudio) {
  const layout = audio.channels === 1 ? 'mono' : 'stereo'
  return [
    ...named(audio),
    'aresample=48000:async=1:first_pts=0',
    `aformat=sample_fmts=fltp:sample_rates=48000:channel_layouts=${layout}`
  ]
}

/** ffmpeg cannot mix channels without known positions, so they get the usual order. */
function named({ channels, channel_layout }: ProbedAudio) {
  if (channel_layout) return []
  const layout = new Map([
    [1, 'mono'],
    [2, 'stereo'],
    [6, '5.1'],
    [8, '7.1']
  ]).get(channels)
  const count = layout ? channels : 2
  const sources = Array.from({ length: count }, (_, at) => `c${at}=c${at}`)
  return [`pan=${layout ?? 'stereo'}|${sources.join('|')}`]
}

const exactly = ({ width, height }: Sizes) => `${width}:${height}:flags=bicubic`

export const isRgb = ({ pix_fmt }: ProbedVideo) => /^(rgb|bgr|gbr|argb|abgr|pal8|0rgb|0bgr|x2)/.test(pix_fmt ?? '')
