import type { Probe } from '../probe/probed.ts'

interface StreamReport {
  packets: number
  bytes: number
  /** Video frames or audio frames that the decoder returned. */
  decoded: number
  /** Packets that the decoder could not decode. */
  failed: number
  /** Frames that the decoder marked as broken: parts of them are guessed from their neighbours. */
  corrupt: number
}

/** ffmpeg's messages about its source during one encode, as numbers. */
export interface DecoderReport {
  /** Undefined where ffmpeg ended before its summary. */
  video: StreamReport | undefined
  audio: StreamReport | undefined
  /** Demuxer errors: parts of the container that it skipped, or a premature end. */
  skipped: number
  /** Frames after the constant rate filter, and how many of them repeat the one before. */
  shown: number
  repeated: number
}

/**
 * Counts the error messages in ffmpeg's stderr line by line: a damaged film has millions, so only sums are kept. Knows
 * the messages of ffmpeg 4 to 8; needs `-loglevel level+verbose`.
 */
export function readComplaints({ container, video, audio }: Probe) {
  const report: DecoderReport = { video: undefined, audio: undefined, skipped: 0, shown: 0, repeated: 0 }
  const of = new Map([video, audio].flatMap(stream => (stream ? [[stream.index, nothingYet()] as const] : [])))
  let count = (_times: number) => {}

  function onLine(line: string) {
    const again = /^\s*(?:\[\w+\] +)?Last message repeated (\d+) times/.exec(line)
    if (again) return count(Number(again[1]))
    count = counterFor(line)
    count(1)
  }

  function counterFor(line: string): (times: number) => void {
    // `Error while decoding stream #0:0`, and since ffmpeg 6 `[vist#0:0/h264 @ 0x5] [dec:h264 @ 0x5] Decoding error`.
    const index = /(?:[Ss]tream #0:|[av]ist#0:|frame in stream )(\d+)/.exec(line)?.[1]
    const stream = index === undefined ? undefined : of.get(Number(index))
    if (stream && /Error while decoding|Error submitting packet to decoder|Decoding error/.test(line)) {
      return times => {
        stream.failed += times
      }
    }
    if (stream && line.includes('corrupt decoded frame')) {
      return times => {
        stream.corrupt += times
      }
    }
    if (isOfDemuxer(line)) {
      return times => {
        report.skipped += times
      }
    }
    sums(line)
    return () => {}
  }

  const isOfDemuxer = (line: string) =>
    line.includes('corrupt input packet') ||
    (line.includes(`${container} @ `) && (line.includes('[error]') || line.includes('Packet corrupt')))

  function sums(line: string) {
    const packets = /Input stream #0:(\d+) \(\w+\): (\d+) packets read \((\d+) bytes\); (\d+) frames decoded/.exec(line)
    const stream = packets && of.get(Number(packets[1]))
    if (stream) {
      Object.assign(stream, { packets: Number(packets[2]), bytes: Number(packets[3]), decoded: Number(packets[4]) })
      if (Number(packets[1]) === video?.index) report.video = stream
      else report.audio = stream
    }
    // Once for each frame size of the video.
    const rate = /\d+ frames in, (\d+) frames out; \d+ frames dropped, (\d+) frames duplicated/.exec(line)
    if (rate) {
      report.shown += Number(rate[1])
      report.repeated += Number(rate[2])
    }
  }

  return { onLine, report }
}

const nothingYet = (): StreamReport => ({ packets: 0, bytes: 0, decoded: 0, failed: 0, corrupt: 0 })
