/** Times for measuring a rate; more make it slower and not better. */
const mostTimes = 5_000

export interface Packets {
  /** Whether the scan reached the end of the file. */
  whole: boolean
  /** By stream index. */
  streams: Map<number, Seen>
}

interface Seen {
  count: number
  bytes: number
  times: number[]
  from: number
  to: number
  groups: Groups
}

/** How keyframes follow each other. */
interface Groups {
  /** Of the last keyframe: the number of its packet, and its time. */
  at: number
  time: number
  /** Packets from one to the next; null before there are two. */
  length: number | null
  even: boolean
  /** A picture after a keyframe is shown before it, and needs what came before. */
  open: boolean
}

/** A packet as ffprobe says it; each field may be missing. */
export interface RawPacket {
  stream_index?: number
  pts_time?: string
  dts_time?: string
  duration_time?: string
  size?: string
  flags?: string
}

/** Their real number, times and sizes. */
export function addPacket(streams: Packets['streams'], { stream_index: index, flags = '', ...packet }: RawPacket) {
  // Packets that an edit list cuts away are read and decoded, but not shown.
  if (!Number.isInteger(index) || flags.includes('D')) return
  // Old AVI files have no presentation times.
  const [pts, dts] = [Number(packet.pts_time), Number(packet.dts_time)]
  const time = Number.isFinite(pts) ? pts : dts
  const stream = streams.get(index!) ?? {
    count: 0,
    bytes: 0,
    times: [],
    from: Infinity,
    to: -Infinity,
    groups: noGroups()
  }
  streams.set(index!, stream)
  group(stream, time, flags.includes('K'))
  stream.count++
  stream.bytes += Number(packet.size) || 0
  if (!Number.isFinite(time)) return
  if (stream.times.length < mostTimes) stream.times.push(time)
  stream.from = Math.min(stream.from, time)
  stream.to = Math.max(stream.to, time + (Number(packet.duration_time) || 0))
}

const noGroups = (): Groups => ({ at: -1, time: -Infinity, length: null, even: true, open: false })

function group({ count, groups }: Seen, time: number, isKeyframe: boolean) {
  if (!isKeyframe) {
    if (time < groups.time) groups.open = true
    return
  }
  if (groups.at >= 0) {
    groups.length ??= count - groups.at
    if (count - groups.at !== groups.length) groups.even = false
  } else if (count > 0) groups.even = false
  groups.at = count
  groups.time = time
}

/** Frames between keyframes, where all are as far apart and no picture refers across one; null where that is not so. */
export function groupLength({ count, groups }: Seen) {
  if (groups.at < 0 || !groups.even || groups.open) return null
  return groups.length ?? count
}
