import type { Stream } from '#media/develop.ts'
import { soundRate } from '#media/encode/sound.ts'
import type { Sound, Variant } from '#media/hls/playlist.ts'
import type { Segment } from '#media/hls/segments.ts'
import { tracksBeside } from '#media/plan/audio-tracks.ts'
import type { Print } from '#media/plan/print.ts'
import { capFor } from '#media/plan/rungs.ts'
import type { Probe } from '#media/probe/probed.ts'

/** Room above the cap of the picture for the sound and the container. */
const overhead = 1.1

/** The audio tracks as a master playlist names them, where there are several. */
export function soundsOf({ audio, further, audio_tracks: names }: Probe): Sound[] {
  const tracks = audio ? [audio, ...further] : []
  return tracksBeside(further).map((stream, at) => ({
    ...names[at]!,
    channels: tracks[at]!.channels === 1 ? 1 : 2,
    stream
  }))
}

/** A rung as the master playlist names it before all of its segments are known. */
export function expected(
  { rung, tracks }: Pick<Segment, 'rung' | 'tracks'>,
  { width, height, codec }: Print,
  { video, audio }: Probe
): Variant {
  const codecs = [...tracks.values()].flatMap(({ codec }) => codec ?? []).join(',')
  const cap = video ? capFor({ width: width!, height: height!, codec }, video) : 0
  const peak = overhead * (cap + (audio ? soundRate : 0))
  return { rung, width, height, fps: video?.fps ?? null, codecs, peak, average: null }
}

export function measured({ rung, segments, duration }: Stream, variants: Variant[]): Variant {
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0)
  return {
    ...variants.find(variant => variant.rung === rung)!,
    peak: Math.max(...segments.map(({ bytes, duration }) => (bytes * 8) / Math.max(0.1, duration))),
    average: (bytes * 8) / duration
  }
}
