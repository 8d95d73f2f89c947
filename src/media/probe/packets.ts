import { execa } from 'execa'
import { sayProgram } from '#telemetry/programs.ts'
import { expectLocked, underLock } from '../lock/lock.ts'
import { keepTail, spawnOptions } from '../run.ts'
import { timeout } from './header.ts'

/** Bytes. Smaller files are scanned whole, which takes a fraction of a second; of larger ones the beginning. */
const smallFile = 64 * 1024 * 1024

/** Seconds of a large file that are scanned. */
const sample = 30

/** Enough for the sample: six streams of 60 packets a second for several hours. */
const mostPackets = 500_000

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

interface ReadPackets {
  /** The ffprobe arguments that open the file. */
  opening: string[]
  ffprobe: string
  bytes: number
  signal?: AbortSignal | undefined
}

/** Scans packets without decoding: their real number, times and sizes. Returns as many as it got in bounded time. */
export async function readPackets(file: string, { opening, ffprobe, bytes, signal }: ReadPackets): Promise<Packets> {
  const small = bytes <= smallFile
  const entries = 'packet=stream_index,pts_time,dts_time,duration_time,size,flags'
  const args = [
    ...['-v', 'error', '-show_entries', entries, '-of', 'csv=p=0'],
    ...(small ? [] : ['-read_intervals', `%+${sample}`]),
    ...opening
  ]
  const command = underLock(ffprobe, args, { reads: [file], seconds: timeout, fileSize: 0 })
  const subprocess = execa(command.file, command.args, {
    ...spawnOptions,
    env: command.env,
    buffer: false,
    timeout: timeout * 1000,
    ...(signal && { cancelSignal: signal })
  })
  sayProgram(ffprobe, subprocess)
  const stderr = keepTail(subprocess.stderr)

  const streams: Packets['streams'] = new Map()
  let seen = 0
  for await (const line of subprocess.iterable({ preserveNewlines: false })) {
    add(streams, line)
    if (++seen === mostPackets) subprocess.kill()
  }
  const { exitCode } = await subprocess
  signal?.throwIfAborted()
  expectLocked({ exitCode, stderr: stderr() })
  return { whole: small && exitCode === 0 && seen < mostPackets, streams }
}

function add(streams: Packets['streams'], line: string) {
  // An empty line follows packets that have side data.
  if (line === '') return
  const fields = line.split(',')
  const [index, pts, dts, duration, size] = fields.map(Number) as [number, number, number, number, number]
  // Packets that an edit list cuts away are read and decoded, but not shown.
  if (!Number.isInteger(index) || fields[5]?.includes('D')) return
  // Old AVI files have no presentation times.
  const time = Number.isFinite(pts) ? pts : dts
  const stream = streams.get(index) ?? {
    count: 0,
    bytes: 0,
    times: [],
    from: Infinity,
    to: -Infinity,
    groups: noGroups()
  }
  streams.set(index, stream)
  group(stream, time, Boolean(fields[5]?.includes('K')))
  stream.count++
  stream.bytes += size || 0
  if (!Number.isFinite(time)) return
  if (stream.times.length < mostTimes) stream.times.push(time)
  stream.from = Math.min(stream.from, time)
  stream.to = Math.max(stream.to, time + (duration || 0))
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
