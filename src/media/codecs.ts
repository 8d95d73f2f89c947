// Demuxers and decoders that may read an upload. Most ffmpeg vulnerabilities are in formats that users never upload, so
// ffmpeg refuses every format that is not listed here before it parses a byte of it.

/**
 * No playlists (hls, dash, concat), no text or image readers (tty, image2, *_pipe), no session descriptions (sdp): they
 * open further files or addresses of the uploader's choice.
 */
export const demuxers = [
  'mov',
  'matroska',
  'avi',
  'flv',
  'ogg',
  'asf',
  'mpeg',
  'mpegts',
  'mxf',
  'gif',
  'mp3',
  'wav',
  'flac',
  'aac',
  'aiff',
  'amr'
]

// Weighed and left out:
// - RealMedia: its container and codecs (cook, rv34, sipr) have a long list of memory bugs, and no device has written it
//   since about 2010; archives convert it once.
// - H.264 without a container: dashcams and Raspberry Pis write it, and the decoder is here already. It has no clock, so
//   ffmpeg assumes 25 frames a second, and the prints of most cameras would run at a wrong speed without a word.
// - Dirac: next to no files, and a decoder that next to no installation exercises.
// - JPEG 2000: cinema packages and archives have it, in XYZ colours that the prints would show as they are, and with
//   sound in other files; its decoder is large and has had dozens of bugs.

/** ffprobe's codec names, with the decoders that ffmpeg may pick for each: builds differ in which they have. */
const videoDecoders: Record<string, string[]> = {
  h264: ['h264'],
  hevc: ['hevc'],
  av1: ['libdav1d', 'libaom-av1', 'libgav1', 'av1'],
  vp8: ['vp8', 'libvpx'],
  vp9: ['vp9', 'libvpx-vp9'],
  mpeg4: ['mpeg4'],
  mpeg2video: ['mpeg2video'],
  mpeg1video: ['mpeg1video'],
  mjpeg: ['mjpeg'],
  prores: ['prores'],
  dnxhd: ['dnxhd'],
  dvvideo: ['dvvideo'],
  theora: ['theora'],
  h263: ['h263'],
  flv1: ['flv'],
  vp6: ['vp6'],
  vp6f: ['vp6f'],
  msmpeg4v1: ['msmpeg4v1'],
  msmpeg4v2: ['msmpeg4v2'],
  msmpeg4v3: ['msmpeg4'],
  wmv1: ['wmv1'],
  wmv2: ['wmv2'],
  wmv3: ['wmv3'],
  vc1: ['vc1'],
  ffv1: ['ffv1'],
  gif: ['gif']
}

const audioDecoders: Record<string, string[]> = {
  aac: ['aac'],
  aac_latm: ['aac_latm'],
  mp3: ['mp3float', 'mp3'],
  mp2: ['mp2float', 'mp2'],
  ac3: ['ac3'],
  eac3: ['eac3'],
  dts: ['dca'],
  opus: ['opus', 'libopus'],
  vorbis: ['vorbis', 'libvorbis'],
  flac: ['flac'],
  alac: ['alac'],
  amr_nb: ['amrnb', 'libopencore_amrnb'],
  amr_wb: ['amrwb', 'libopencore_amrwb'],
  wmav1: ['wmav1'],
  wmav2: ['wmav2'],
  wmapro: ['wmapro'],
  speex: ['speex', 'libspeex'],
  nellymoser: ['nellymoser'],
  ...Object.fromEntries(
    [
      ...['pcm_u8', 'pcm_s8', 'pcm_s16le', 'pcm_s16be', 'pcm_s24le', 'pcm_s24be', 'pcm_s32le', 'pcm_s32be'],
      ...['pcm_f32le', 'pcm_f32be', 'pcm_f64le', 'pcm_f64be', 'pcm_alaw', 'pcm_mulaw', 'pcm_bluray', 'pcm_dvd'],
      ...['adpcm_ima_wav', 'adpcm_ima_qt', 'adpcm_ms', 'adpcm_swf']
    ].map(codec => [codec, [codec]])
  )
}

export const decoders = [...Object.values(videoDecoders), ...Object.values(audioDecoders)].flat()

/** No print has subtitles, but ffprobe fails on a file unless it may open each of its streams. */
export const subtitleDecoders = [
  'mov_text',
  'subrip',
  'srt',
  'ass',
  'ssa',
  'webvtt',
  'text',
  'pgssub',
  'dvbsub',
  'dvdsub'
]

export const canDecodeVideo = (codec: string) => Object.hasOwn(videoDecoders, codec)
export const canDecodeAudio = (codec: string) => Object.hasOwn(audioDecoders, codec)
