import type { MediaTools } from '../binaries.ts'
import type { Made } from '../check/made.ts'
import type { Note, Probe } from '../probe/probed.ts'

/** A file of a print set beside the prints. */
export interface Extra {
  /** Its path below the set: `poster.jpg`, `subtitles/en.vtt`. */
  name: string
  bytes: number
  width: number | null
  height: number | null
  /** BCP 47; of subtitles alone. */
  language: string | null
}

export interface Extras {
  extras: Extra[]
  notes: Note[]
}

export interface MakeExtras {
  source: string
  probe: Probe
  made: Made[]
  /** Where the complete prints are, and the extras go. */
  directory: string
  tools: MediaTools
  signal?: AbortSignal | undefined
}
