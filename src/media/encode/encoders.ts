import type { Codec } from '../plan/codecs.ts'
import { profiles } from '../plan/profiles.ts'
import { profileFor } from '../plan/rungs.ts'
import { run } from '../run.ts'
import { by, type Encoder, type Options, type Wanted } from './encoder.ts'
import { type Encoders, hardwareOf, inHardware, wayInto } from './hardware.ts'
import { hardwareEncoders } from './hardware-encoders.ts'
import { threads } from './threads.ts'

/**
 * Encoders of ffmpeg, the better one of a codec first. All of them put a keyframe where one is due and nowhere else, in
 * closed groups: segments of all prints begin at the same moments.
 */
const encoders: Encoder[] = [
  {
    name: 'libx264',
    codec: 'h264',
    options: ({ print, cap }) => ({
      preset: profiles[print.profile].preset,
      profile: profileFor(print),
      threads: threads(),
      crf: profiles[print.profile].crf,
      maxrate: cap,
      bufsize: 2 * cap,
      sc_threshold: 0
    })
  },
  {
    name: 'libx265',
    codec: 'hevc',
    options: ({ print, cap }) => ({
      ...by(print.profile, {
        fast: { preset: 'ultrafast', crf: 29 },
        balanced: { preset: 'superfast', crf: 25 },
        quality: { preset: 'medium', crf: 24 }
      }),
      threads: Math.min(4, threads()),
      maxrate: cap,
      bufsize: 2 * cap,
      'forced-idr': 1,
      'x265-params': `pools=${threads()}:scenecut=0:open-gop=0:info=0:log-level=error`,
      // Apple's players take no other name of HEVC.
      tag: 'hvc1'
    })
  },
  {
    name: 'libvpx-vp9',
    codec: 'vp9',
    options: ({ print, cap }) => ({
      ...by(print.profile, {
        fast: { deadline: 'realtime', 'cpu-used': 8, crf: 38 },
        balanced: { deadline: 'good', 'cpu-used': 5, crf: 33 },
        quality: { deadline: 'good', 'cpu-used': 2, crf: 31 }
      }),
      b: cap,
      threads: threads(),
      'row-mt': 1,
      'tile-columns': 2
    })
  },
  {
    name: 'libsvtav1',
    codec: 'av1',
    options: ({ print, cap }) => ({
      ...by(print.profile, {
        fast: { preset: 12, crf: 40 },
        balanced: { preset: 10, crf: 37 },
        quality: { preset: 6, crf: 31 }
      }),
      maxrate: cap,
      'svtav1-params': `enable-force-key-frames=1:lp=${threads()}`
    })
  },
  {
    name: 'libaom-av1',
    codec: 'av1',
    options: ({ print, cap }) => ({
      ...by(print.profile, {
        fast: { usage: 'realtime', 'cpu-used': 10, crf: 40 },
        balanced: { usage: 'realtime', 'cpu-used': 8, crf: 37 },
        quality: { usage: 'good', 'cpu-used': 5, crf: 31 }
      }),
      b: cap,
      threads: threads(),
      'row-mt': 1
    })
  }
]

/** The options of a print's encoder. */
export function encoderOptions(name: string, wanted: Wanted): Options {
  const { options } = [...encoders, ...hardwareEncoders].find(encoder => encoder.name === name)!
  return { c: name, ...options(wanted) }
}

export const usualEncoders: Encoders = { h264: 'libx264' }

/** What an ffmpeg must have for a codec, in words. */
export const namesFor = (codec: Codec) =>
  encoders
    .filter(encoder => encoder.codec === codec)
    .map(({ name }) => name)
    .join(' or ')

const known = new Map<string, Promise<string | undefined>>()

/** With those in hardware that this process uses put in their place. */
export function withHardware(found: Encoders, wanted: readonly Codec[]): Encoders {
  const own = wanted.flatMap(codec => {
    const name = inHardware(codec)
    return name === undefined ? [] : [[codec, name] as const]
  })
  return { ...found, ...Object.fromEntries(own) }
}

/** The encoders in software of this ffmpeg for these codecs; a codec without one is missing in the answer. */
export async function findEncoders(ffmpeg: string, wanted: readonly Codec[]): Promise<Encoders> {
  const found: Encoders = { ...usualEncoders }
  for (const codec of wanted.filter(codec => codec !== 'h264')) {
    const key = `${codec} ${ffmpeg}`
    const answer = known.get(key) ?? firstThatWorks(ffmpeg, codec)
    known.set(key, answer)
    // A failed try proves nothing: the next film tries again.
    answer.catch(() => known.delete(key))
    const name = await answer
    if (name !== undefined) found[codec] = name
  }
  return found
}

async function firstThatWorks(ffmpeg: string, codec: Codec) {
  for (const { name } of encoders.filter(encoder => encoder.codec === codec)) if (await works(ffmpeg, name)) return name
  return undefined
}

/** Seconds. */
const timeout = 30

async function works(ffmpeg: string, name: string) {
  const { exitCode, stdout } = await run(ffmpeg, trialArguments(name), { timeout })
  return exitCode === 0 && isRight(stdout)
}

/** Encodes eight frames: an encoder that is listed may be unable to begin, or put keyframes where it likes. */
export function trialArguments(name: string) {
  // Cards refuse small pictures.
  const side = hardwareOf(name) === undefined ? 128 : 256
  const print = { width: side, height: side, profile: 'fast' as const }
  const options = { pix_fmt: 'yuv420p', ...encoderOptions(name, { print, cap: 500_000 }) }
  const { opening, ending } = wayInto(name)
  return [
    ...['-nostdin', '-hide_banner', '-loglevel', 'error', ...opening],
    ...['-f', 'lavfi', '-i', `testsrc2=size=${side}x${side}:rate=8:duration=1`],
    ...(ending.length > 0 ? ['-vf', ending.join()] : []),
    ...Object.entries(options).flatMap(([option, value]) => [`-${option}:v`, String(value)]),
    ...['-g', '64', '-force_key_frames', 'expr:gte(n,n_forced*4)', '-f', 'framecrc', 'pipe:1']
  ]
}

/** Whether the report of such a trial has all frames, and keyframes where they were due. */
export function isRight(report: string) {
  // Packets that are no keyframes have flags.
  const keyframes = report
    .split('\n')
    .filter(line => /^0, /.test(line))
    .map(line => !line.includes(', F='))
  return keyframes.join() === [true, false, false, false, true, false, false, false].join()
}
