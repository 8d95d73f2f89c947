/** Plain JSON: kept with the video and shown to whoever asks what was uploaded. Seconds, bits a second, pixels. */
export interface Probe {
  container: string
  duration: number | null
  bytes: number
  bitrate: number | null
  video: ProbedVideo | null
  audio: ProbedAudio | null
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
  fps: number
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
