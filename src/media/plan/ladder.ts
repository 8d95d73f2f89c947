import type { Probe } from '../probe/probed.ts'
import { type Codec, inOrder, printName, usualCodec } from './codecs.ts'
import type { Print } from './print.ts'
import { type Profile, usualProfile } from './profiles.ts'
import { rungs, usualRungs } from './rungs.ts'

/** The reason for a rung without print: `reason` for programs, `detail` for people. */
export interface Skipped {
  name: string
  reason: 'source_smaller' | 'no_video' | 'not_asked'
  detail: string
}

export interface Plan {
  prints: Print[]
  skipped: Skipped[]
}

interface Ladder {
  /** Names of the rungs that films get. */
  rungs?: string[] | undefined
  /** The prints to make, of those. */
  only?: string[] | undefined
  /** Those beside H.264. */
  codecs?: readonly string[] | undefined
  profile?: Profile | undefined
}

/**
 * A rung is the short side of the displayed frame, so that a portrait 1080p is 1080 wide. Nothing is enlarged: a source
 * between two rungs gets the lower ones, and one below all of them a single print of its own size.
 */
export function planPrints({ video }: Probe, ladder: Ladder = {}): Plan {
  const { profile = usualProfile } = ladder
  const wanted = rungs.filter(({ name }) => (ladder.rungs ?? usualRungs).includes(name))
  const all = inOrder(ladder.codecs ?? [])
  const names = all.flatMap(codec => wanted.map(({ name, short }) => ({ name: printName(name, codec), short })))
  if (!video) {
    const size = { width: null, height: null }
    return {
      prints: [{ name: 'audio', file: 'audio.m4a', ...size, copied: false, profile, codec: usualCodec }],
      skipped: names.map(({ name }) => ({ name, reason: 'no_video', detail: 'the source has no picture' }))
    }
  }

  const short = Math.min(video.width, video.height)
  const within = wanted.filter(rung => rung.short <= short)
  const sizes =
    within.length > 0
      ? within.map(rung => ({ name: rung.name, size: fit(video, rung.short) }))
      : [{ name: `${even(short)}p`, size: { width: even(video.width), height: even(video.height) } }]
  const prints = all.flatMap(codec => sizes.map(({ name, size }) => picture(name, size, profile, codec)))
  const skipped = names
    .filter(rung => rung.short > short)
    .map(({ name }): Skipped => ({ name, reason: 'source_smaller', detail: `source is ${short}p` }))
  return onlyThese({ prints, skipped }, ladder.only)
}

function onlyThese({ prints, skipped }: Plan, only: string[] | undefined): Plan {
  if (!only) return { prints, skipped }
  const others = prints
    .filter(({ name }) => !only.includes(name))
    .map(({ name }): Skipped => ({ name, reason: 'not_asked', detail: `only ${only.join(', ')} was asked for` }))
  return { prints: prints.filter(({ name }) => only.includes(name)), skipped: [...skipped, ...others] }
}

function picture(rung: string, size: { width: number; height: number }, profile: Profile, codec: Codec): Print {
  const name = printName(rung, codec)
  return { name, file: `${name}.mp4`, ...size, copied: false, profile, codec }
}

function fit({ width, height }: { width: number; height: number }, short: number) {
  return width >= height
    ? { width: Math.min(nearest((width * short) / height), even(width)), height: short }
    : { width: short, height: Math.min(nearest((height * short) / width), even(height)) }
}

// H.264 in 4:2:0 has one colour sample for two by two pixels, so sides are even.
const nearest = (side: number) => Math.max(2, 2 * Math.round(side / 2))
const even = (side: number) => Math.max(2, 2 * Math.floor(side / 2))
