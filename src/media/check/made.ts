/** A print that is there, by its measured properties rather than the requested ones. */
export interface Made {
  name: string
  file: string
  width: number | null
  height: number | null
  /** Seconds really present: for a truncated source less than it claims. */
  duration: number
  bytes: number
  bitrate: number
  codec: string
  audio_codec: string | null
  frames: number | null
  /** The picture is that of the source, not encoded again. */
  copied: boolean
}
