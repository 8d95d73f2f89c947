import type { Codec } from './codecs.ts'
import type { Profile } from './profiles.ts'

/** A planned rendition. No sizes without video. */
export interface Print {
  name: string
  file: string
  width: number | null
  height: number | null
  /** Its picture is copied from the source. */
  copied: boolean
  profile: Profile
  /** Of the picture. */
  codec: Codec
}
