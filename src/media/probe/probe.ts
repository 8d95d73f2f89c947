import { stat } from 'node:fs/promises'
import type { MediaTools } from '../binaries.ts'
import { MediaRejected } from '../rejected.ts'
import { describeAudio, describeSubtitles, describeVideo } from './facts.ts'
import { readHeader, usualOpening } from './header.ts'
import { look } from './look.ts'
import { number, positive, round } from './numbers.ts'
import type { Packets } from './packets.ts'
import type { Probe, ProbedVideo } from './probed.ts'
import { chooseStreams, type RawStream } from './streams.ts'

/** Containers that state a length. For others ffprobe derives one from the packets, or guesses it from the bitrate. */
const promises = /^(mov|matroska|avi|asf|flv|mxf)/

/**
 * Runs ffprobe once, in bounded time and memory; and where the file does not open in the usual way, or ffprobe complains
 * about it, once more for the header alone, which says why, and how it opens.
 */
export async function probe(
  file: string,
  { tools, signal }: { tools: MediaTools; signal?: AbortSignal | undefined }
): Promise<Probe> {
  const bytes = await sizeOf(file)
  const lookBy = (opening: string[]) => look(file, { opening, ffprobe: tools.ffprobe, bytes, signal })
  const usual = await lookBy(usualOpening(file))
  const { format, streams, programs, opening } = usual.header ?? (await readHeader(file, { tools, signal }))
  const chosen = chooseStreams(streams, programs)
  refuseEncrypted([chosen.video, chosen.audio])
  const isUsual = opening.join() === usualOpening(file).join()
  const { packets } = isUsual ? usual : await lookBy(opening)
  const claimed = positive(format.duration)
  const duration = trueDuration(claimed, packets)
  const facts = { duration, packets }
  const video = chosen.video ? describeVideo(chosen.video, facts) : null
  const audio = chosen.audio ? describeAudio(chosen.audio, facts) : null
  return {
    container: format.format_name ?? 'unknown',
    duration,
    promised_duration: promises.test(format.format_name ?? '') ? (positive(chosen.video?.duration) ?? claimed) : null,
    bytes,
    bitrate: duration ? Math.round((bytes * 8) / duration) : null,
    start_time: number(format.start_time) ?? 0,
    video,
    audio,
    further: chosen.further.map(stream => describeAudio(stream, facts)),
    audio_tracks: [],
    streams: streams.length,
    subtitles: describeSubtitles(streams),
    damage: null,
    notes: []
  }
}

/** Seconds of audio before the first frame. A print shows that frame during them. */
export function lead({ video, audio }: Pick<Probe, 'video' | 'audio'>) {
  return video && audio ? Math.max(0, video.start_time - audio.start_time) : 0
}

/**
 * Frames of one print that a source can yield: each of its frames shown three times on average, with room for a header
 * that is a little wrong. Ten minutes' worth is cheap enough for any clip.
 */
export function mostFrames({ fps, frames, duration }: ProbedVideo) {
  const byClock = duration ? 2 * duration * fps : Infinity
  return Math.max(10 * 60 * fps, frames ? Math.min(byClock, 3.5 * frames) : byClock)
}

async function sizeOf(file: string) {
  const facts = await stat(file)
  if (!facts.isFile()) throw new MediaRejected('not_a_file', 'This is not a regular file.')
  if (facts.size === 0) throw new MediaRejected('empty', 'The file is empty.')
  return facts.size
}

function refuseEncrypted(streams: (RawStream | undefined)[]) {
  const locked = streams.some(
    stream =>
      /^(enc[av]|drm[is])$/.test(stream?.codec_tag_string ?? '') ||
      stream?.side_data_list?.some(({ side_data_type = '' }) => /encryption/i.test(side_data_type))
  )
  if (locked) throw new MediaRejected('encrypted', 'The file is encrypted (DRM): upload a copy without protection.')
}

/** Where the packets end long before the header's duration, the file is truncated, and the packets are right. */
function trueDuration(claimed: number | null, { whole, streams }: Packets) {
  if (!whole) return claimed
  const spans = [...streams.values()].filter(({ from, to }) => to > from)
  if (spans.length === 0) return claimed
  const real = Math.max(...spans.map(({ to }) => to)) - Math.min(...spans.map(({ from }) => from))
  return claimed && claimed <= real / 0.9 + 1 ? claimed : round(real)
}
