import { canDecodeAudio, canDecodeVideo } from '../codecs.ts'
import { MediaRejected } from '../rejected.ts'

/** ffprobe's fields, each of them doubtful: they come from an upload. */
export interface RawStream {
  index: number
  codec_type?: string
  codec_name?: string
  codec_tag_string?: string
  profile?: string
  width?: number
  height?: number
  sample_aspect_ratio?: string
  pix_fmt?: string
  bits_per_raw_sample?: string
  field_order?: string
  color_range?: string
  color_transfer?: string
  avg_frame_rate?: string
  nb_frames?: string
  bit_rate?: string
  duration?: string
  start_time?: string
  channels?: number
  channel_layout?: string
  sample_rate?: string
  disposition?: Record<string, number>
  tags?: Record<string, string>
  side_data_list?: { side_data_type?: string; rotation?: number }[]
}

export interface RawProgram {
  streams?: { index: number }[]
}

/**
 * Selects one video and one audio stream: of the decodable streams the first that is flagged as default, else the
 * first. Cover art and thumbnails are no video. In a broadcast with several programmes the audio comes from the video's
 * programme, and a commentary or a track for the hearing or visually impaired is taken only if there is no other.
 */
export function chooseStreams(streams: RawStream[], programs: RawProgram[]) {
  const pictures = streams.filter(stream => stream.codec_type === 'video' && !isStill(stream))
  const sounds = streams.filter(stream => stream.codec_type === 'audio')
  if (pictures.length + sounds.length === 0) {
    throw new MediaRejected('no_streams', 'There is neither picture nor sound in this file.')
  }

  const video = preferred(pictures.filter(({ codec_name = '' }) => canDecodeVideo(codec_name)))
  const usable = sounds.filter(
    ({ codec_name = '', channels = 0, sample_rate }) =>
      canDecodeAudio(codec_name) && channels > 0 && Number(sample_rate) > 0
  )
  const audio =
    preferred(usable.filter(sound => !isSpecial(sound) && sameProgram(programs, video, sound))) ??
    preferred(usable.filter(sound => !isSpecial(sound))) ??
    preferred(usable)

  // An undecodable video is not dropped in favour of its audio: the uploader expects to see it.
  if (!video && (pictures.length > 0 || !audio)) {
    const { codec_name = 'unknown' } = pictures[0] ?? sounds[0]!
    throw new MediaRejected('unsupported_codec', `The codec of this file is not supported: ${codec_name}.`)
  }
  return { video, audio, further: usable.filter(sound => sound !== audio) }
}

const preferred = (streams: RawStream[]) => streams.find(({ disposition }) => disposition?.default) ?? streams[0]

const isStill = ({ disposition: is = {} }: RawStream) =>
  Boolean(is.attached_pic || is.timed_thumbnails || is.still_image)

const isSpecial = ({ disposition: is = {} }: RawStream) =>
  Boolean(is.comment || is.descriptions || is.hearing_impaired || is.visual_impaired)

function sameProgram(programs: RawProgram[], video: RawStream | undefined, audio: RawStream) {
  const own = programs.find(({ streams }) => streams?.some(({ index }) => index === video?.index))
  return !own || own.streams!.some(({ index }) => index === audio.index)
}
