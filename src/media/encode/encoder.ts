import type { Codec } from '../plan/codecs.ts'
import type { Print } from '../plan/print.ts'
import type { Profile } from '../plan/profiles.ts'

export type Options = Record<string, string | number>

export interface Wanted {
  print: Pick<Print, 'profile'> & { width: number; height: number }
  /** Highest bitrate. */
  cap: number
}

/** An encoder of ffmpeg, and what of its options makes a print. */
export interface Encoder {
  name: string
  codec: Codec
  options(wanted: Wanted): Options
}

export const by = <Value>(profile: Profile, all: Record<Profile, Value>) => all[profile]
