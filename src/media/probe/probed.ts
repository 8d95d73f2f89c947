/** Plain JSON: kept with the video and shown in the API as it is. Seconds, bits a second, pixels. */
export interface Probe {
  container: string
  duration: number | null
  /** What the header says, where the container has a header that says it: more than `duration` in a file that was cut off. */
  promised_duration: number | null
  bytes: number
  bitrate: number | null
  video: ProbedVideo | null
  audio: ProbedAudio | null
  /** Known once the film was decoded; null if nothing is missing or broken. */
  damage: Damage | null
}

export interface Damage {
  /** Pictures (of sound alone, its packets) that could not be decoded, or only with errors. */
  decode_errors: number
  /** Lost pictures, gaps, and an end that the header promises. */
  missing_seconds: number
  /** How much of the film is missing or broken, 0 to 1. */
  share: number
  /** How much of the sound beside a picture could not be decoded, 0 to 1. */
  sound_share: number
}

export interface ProbedVideo {
  index: number
  codec: string
  profile: string | null
  /** As it is meant to be seen: pixels squared first, then turned. */
  width: number
  height: number
  coded_width: number
  coded_height: number
  /** Degrees clockwise to turn the coded picture by. */
  rotation: 0 | 90 | 180 | 270
  /** The file asks for an angle that is none of these; it is not turned at all. */
  odd_rotation: boolean
  sample_aspect_ratio: string
  /** Of the prints. */
  fps: number
  /** Pictures a second between most neighbours; null where they come unevenly. */
  pace: number | null
  frames: number | null
  duration: number | null
  pix_fmt: string | null
  bit_depth: number
  hdr: 'pq' | 'hlg' | null
  interlaced: boolean
  full_range: boolean
  bitrate: number | null
  start_time: number
}

export interface ProbedAudio {
  index: number
  codec: string
  channels: number
  /** Null where the file does not say which channel is which. */
  channel_layout: string | null
  sample_rate: number
  language: string | null
  bitrate: number | null
  start_time: number
}
