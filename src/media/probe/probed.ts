/** Plain JSON: stored with the video and returned by the API as it is. Seconds, bits a second, pixels. */
export interface Probe {
  container: string
  duration: number | null
  /** The header's duration, where the container has one: more than `duration` in a truncated file. */
  promised_duration: number | null
  bytes: number
  bitrate: number | null
  /** Of the earliest stream, used or not. */
  start_time: number
  video: ProbedVideo | null
  audio: ProbedAudio | null
  /** Other audio tracks that could be in the prints; those of a film that is made: that are. */
  further: ProbedAudio[]
  /** As players name those of the prints; known before they are made. */
  audio_tracks: AudioTrack[]
  /** All streams of the file, used or not. */
  streams: number
  subtitles: ProbedSubtitles[]
  /** Known after the decode; null if nothing is missing or broken. */
  damage: Damage | null
  /** Known at the end: what the film does without, and why. */
  notes: Note[]
}

/** An audio track of the prints. */
export interface AudioTrack {
  /** BCP 47; `und` where the file does not say. */
  language: string
  name: string
  /** Played where nothing else is chosen. */
  default: boolean
}

/** A subtitle stream. */
export interface ProbedSubtitles {
  index: number
  codec: string
  language: string | null
  forced: boolean
  hearing_impaired: boolean
}

/** Why a film does without a picture or a track: `reason` for programs, `detail` for people. */
export interface Note {
  about: 'poster' | 'storyboard' | 'preview' | 'subtitles' | 'audio'
  reason: string
  detail: string
}

export interface Damage {
  /** Frames (of audio alone, its packets) that could not be decoded, or only with errors. */
  decode_errors: number
  /** Lost frames, gaps, and a missing end that the header promises. */
  missing_seconds: number
  /** Missing or broken share of the film, 0 to 1. */
  share: number
  /** Undecodable share of the audio beside a video, 0 to 1. */
  sound_share: number
}

export interface ProbedVideo {
  index: number
  codec: string
  profile: string | null
  /** As displayed: with square pixels first, then rotated. */
  width: number
  height: number
  coded_width: number
  coded_height: number
  /** Clockwise rotation of the coded frame for display, in degrees. */
  rotation: 0 | 90 | 180 | 270
  /** The file asks for another angle; it is not rotated at all. */
  odd_rotation: boolean
  sample_aspect_ratio: string
  /** Frame rate of the prints. */
  fps: number
  /** Frames a second between most neighbours; null where they come unevenly. */
  pace: number | null
  frames: number | null
  /** Frames from one keyframe to the next, where all are as far apart and every group is closed; else null. */
  group: number | null
  duration: number | null
  pix_fmt: string | null
  bit_depth: number
  hdr: 'pq' | 'hlg' | null
  interlaced: boolean
  full_range: boolean
  bitrate: number | null
  start_time: number
}

/** By EBU R128. */
export interface Loudness {
  /** Integrated, in LUFS. */
  lufs: number
  /** True peak, in dBTP. */
  peak: number
  /** dB by which the prints are louder than the original. */
  gain: number
}

export interface ProbedAudio {
  index: number
  codec: string
  channels: number
  /** Null where the file does not say which channel is which. */
  channel_layout: string | null
  sample_rate: number
  /** Of its packets; null where they were not all read. */
  duration: number | null
  language: string | null
  title: string | null
  /** What the file says that it is for, as in menus; null: the film itself. */
  role: 'commentary' | 'described' | 'clear speech' | null
  bitrate: number | null
  start_time: number
  /** When its first packet is heard, of those that were read; null where none was. */
  begins: number | null
  /** Where a loudness was asked for. */
  loudness: Loudness | null
}
