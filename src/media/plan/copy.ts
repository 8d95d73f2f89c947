import type { Probe } from '../probe/probed.ts'
import type { Print } from './print.ts'
import { mostBits } from './rungs.ts'

/** Seconds. With keyframes this far apart no segment is longer than six. */
const longestGroup = 2

/** Seconds of a segment. A group of just this length makes all segments as long. */
const segment = 4

/** Copied packets keep their container's clock; those of others jitter. */
const containers = /^(mov|matroska)/

/**
 * Why the largest print has to be encoded; undefined where the source already is what it has to be, so that its
 * packets can be copied. Its keyframes must come evenly: those of the other prints are then put at the same moments,
 * or a player could not change between them.
 */
export function whyEncoded({ video, audio, container }: Probe, prints: Print[]): string | undefined {
  const [largest, ...others] = prints
  if (!video || !largest) return 'there is no picture'
  if (largest.codec !== 'h264') return 'it gets another codec'
  // The decode for the other prints is what finds damage.
  if (others.length === 0) return 'it is the only print'
  if (!containers.test(container)) return `the container is ${container}`
  if (video.codec !== 'h264' || video.pix_fmt !== 'yuv420p') return `the source is ${video.codec} ${video.pix_fmt}`
  const isUpright = video.rotation === 0 && !video.odd_rotation && video.sample_aspect_ratio === '1:1'
  const isSame = video.coded_width === largest.width && video.coded_height === largest.height
  if (!isUpright || !isSame) return 'the source has another size'
  if (video.interlaced || video.full_range || video.hdr) return 'its pictures have to be converted'
  const most = mostBits({ width: largest.width!, height: largest.height! }, video)
  if (!video.bitrate || video.bitrate > most) return 'the source has too many bits'
  const isEven = video.pace !== null && Math.abs(video.pace / video.fps - 1) < 0.005
  const expected = (video.duration ?? 0) * video.fps
  if (!isEven || video.frames === null || Math.abs(video.frames - expected) > 1) return 'its pictures come unevenly'
  if (audio && Math.abs(video.start_time - audio.start_time) > 0.5 / video.fps)
    return 'its picture and sound begin apart'
  return whyNotCut(video.group, video.fps)
}

function whyNotCut(group: number | null, fps: number) {
  if (group === null) return 'its keyframes come unevenly, or their groups are open'
  const seconds = group / fps
  if (seconds <= longestGroup || Math.abs(seconds - segment) < 0.02) return undefined
  return `its keyframes are ${seconds.toFixed(1)} s apart`
}
