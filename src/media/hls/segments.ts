import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { mainOf, type Run, readInit, readSegment, SegmentBroken, type Tracks } from './boxes.ts'
import { takeEdits } from './one-track.ts'

/** A finished segment of a stream: ffmpeg does not touch it any more. */
export interface Segment {
  rung: string
  /** From 0. */
  number: number
  /** Paths in the workspace. */
  file: string
  init: string
  /** Seconds, as the playlist says it. */
  duration: number
  bytes: number
  runs: Run[]
  tracks: Tracks
}

/** Name of the playlist that ffmpeg writes; it names its segments after that. */
export const draftPlaylist = 'index.m3u8'

export const draftOf = (directory: string, rung: string) => path.join(directory, 'hls', rung)

/** Streams of audio tracks beside the rungs. */
interface Beside {
  names: string[]
  /** The init segment of a rung, where that is not at work in the same folder. */
  timedBy?: string | undefined
}

/**
 * Reads the playlists that ffmpeg writes and passes on each segment once, in order, when it is finished: ffmpeg renames
 * a segment when it is complete, and names it in the playlist after that.
 */
export function followSegments(
  directory: string,
  rungs: string[],
  add: (segment: Segment) => Promise<void>,
  { names, timedBy }: Beside = { names: [] }
) {
  const [smallest = ''] = rungs.slice(-1)
  const streams = [
    ...rungs.map(rung => followStream(directory, rung, add)),
    ...names.map(track => followTrack({ directory, track, smallest, timedBy }, add))
  ]
  let failed: { error: unknown } | undefined
  let broken: Error | undefined
  let looking: Promise<void> | undefined
  let again = false

  async function lookUntilStill() {
    do {
      again = false
      for (const lookAt of streams) await lookAt()
    } while (again)
  }

  /** A broken segment is judged at the end, when it is known whether the source is at fault. */
  function fail(error: unknown) {
    if (error instanceof SegmentBroken) broken = error
    else failed = { error }
  }

  /** Returns at once. Throws the error of an earlier look: the store may be full. */
  function look() {
    if (failed) throw failed.error
    if (broken) return
    again = true
    looking ??= lookUntilStill()
      .catch(fail)
      .finally(() => {
        looking = undefined
      })
  }

  return {
    look,
    /** Once ffmpeg has ended: passes on what is left. Returns why a segment is broken, if one is. */
    async end(): Promise<Error | undefined> {
      await looking
      look()
      await looking
      if (failed) throw failed.error
      return broken
    }
  }
}

/** Of one rung: passes on what its playlist names since the last look. */
function followStream(directory: string, rung: string, add: (segment: Segment) => Promise<void>) {
  const folder = draftOf(directory, rung)
  const init = path.join(folder, 'init.mp4')
  let number = 0
  let tracks: Tracks | undefined

  return async () => {
    const playlist = await readFile(path.join(folder, draftPlaylist), 'utf8').catch(absent)
    const listed = segmentsIn(playlist)
    const last = playlist.includes('#EXT-X-ENDLIST') ? listed.at(-1) : undefined
    for (const next of listed.slice(number)) {
      const file = path.join(folder, next.name)
      tracks ??= await readInit(init).catch(error => refuse(rung, number, error))
      const { size: bytes } = await stat(file)
      const runs = await readSegment(file, tracks).catch(error => refuse(rung, number, error))
      const duration = next === last ? lengthOfLast(runs, next.duration) : next.duration
      await add({ rung, number, file, init, duration, bytes, runs, tracks })
      number++
    }
  }
}

interface FollowTrack {
  directory: string
  track: string
  smallest: string
  timedBy: string | undefined
}

/** Of an audio track beside the rungs: its times are those of the sound in a rung, once there is one. */
function followTrack({ directory, track, smallest, timedBy }: FollowTrack, add: (segment: Segment) => Promise<void>) {
  const follow = followStream(directory, track, add)
  const [folder, rung] = [draftOf(directory, track), draftOf(directory, smallest)]
  let isTimed = false

  return async () => {
    if (!isTimed) {
      if (!(await isBegun(folder)) || !(timedBy ?? (await isBegun(rung)))) return
      await takeEdits(path.join(folder, 'init.mp4'), timedBy ?? path.join(rung, 'init.mp4'))
      isTimed = true
    }
    await follow()
  }
}

/** ffmpeg names the first segment when it has written the init segment. */
async function isBegun(folder: string) {
  return segmentsIn(await readFile(path.join(folder, draftPlaylist), 'utf8').catch(absent)).length > 0
}

/** Seconds by which sound and picture of any film end apart; less than by which a stream may be shorter than its print. */
const endNoise = 0.1

/** The sound of a film may go on after its picture: for ffmpeg the last segment lasts as long as the picture. */
function lengthOfLast(runs: Run[], listed: number) {
  // A picture is shown as much earlier than its packet says as the first one of the stream waits for those it needs.
  const from = mainOf(runs).decodeStart
  const heard = Math.max(...runs.flatMap(({ kind, start, length }) => (kind === 'sound' ? start + length - from : [])))
  return heard > listed + endNoise ? heard : listed
}

function refuse(rung: string, number: number, error: unknown): never {
  if (!(error instanceof SegmentBroken)) throw error
  const why = `The stream ${rung} failed its check: its segment ${number}: ${error.message}`
  throw new SegmentBroken(why, { cause: error })
}

function absent(error: NodeJS.ErrnoException) {
  if (error.code !== 'ENOENT') throw error
  return ''
}

function segmentsIn(playlist: string) {
  return [...playlist.matchAll(/^#EXTINF:([\d.]+),.*\n([^#\s]\S*)$/gm)].map(([, duration, name]) => ({
    name: name!,
    duration: Number(duration)
  }))
}
