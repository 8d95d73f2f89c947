import { profileFor } from '../plan/rungs.ts'
import { by, type Encoder, type Options, type Wanted } from './encoder.ts'

/** HEVC needs another name for Apple's players, and H.264 a profile that old devices play. */
const h264 = ({ print }: Wanted) => ({ profile: profileFor(print) })
const hevc = () => ({ tag: 'hvc1' })

/** The nearest that each driver has to a constant quality below a cap. All put a keyframe where one is due. */
const nvenc = ({ print, cap }: Wanted): Options => ({
  ...by(print.profile, {
    fast: { preset: 'p2', cq: 29 },
    balanced: { preset: 'p4', cq: 26 },
    quality: { preset: 'p6', cq: 23 }
  }),
  rc: 'vbr',
  b: 0,
  maxrate: cap,
  bufsize: 2 * cap,
  'forced-idr': 1,
  'no-scenecut': 1
})

const qsv = ({ print, cap }: Wanted): Options => ({
  ...by(print.profile, {
    fast: { preset: 'veryfast', global_quality: 28 },
    balanced: { preset: 'medium', global_quality: 25 },
    quality: { preset: 'slow', global_quality: 22 }
  }),
  maxrate: cap,
  forced_idr: 1,
  pix_fmt: 'nv12'
})

const byRate = (share: number, { cap }: Wanted): Options => ({ b: Math.round(share * cap), maxrate: cap })

const vaapi = (wanted: Wanted): Options => ({ rc_mode: 'VBR', ...byRate(0.7, wanted), pix_fmt: 'vaapi' })

const videotoolbox = (wanted: Wanted): Options => ({ ...byRate(0.7, wanted), allow_sw: 0 })

/** Encoders in hardware: used where a worker has found that they work, and where HARDWARE asks for them. */
export const hardwareEncoders: Encoder[] = [
  { name: 'h264_nvenc', codec: 'h264', options: wanted => ({ ...nvenc(wanted), ...h264(wanted) }) },
  { name: 'hevc_nvenc', codec: 'hevc', options: wanted => ({ ...nvenc(wanted), ...hevc() }) },
  { name: 'av1_nvenc', codec: 'av1', options: nvenc },
  { name: 'h264_qsv', codec: 'h264', options: wanted => ({ ...qsv(wanted), ...h264(wanted) }) },
  { name: 'hevc_qsv', codec: 'hevc', options: wanted => ({ ...qsv(wanted), ...hevc() }) },
  { name: 'av1_qsv', codec: 'av1', options: qsv },
  { name: 'h264_vaapi', codec: 'h264', options: wanted => ({ ...vaapi(wanted), ...h264(wanted) }) },
  { name: 'hevc_vaapi', codec: 'hevc', options: wanted => ({ ...vaapi(wanted), ...hevc() }) },
  { name: 'av1_vaapi', codec: 'av1', options: vaapi },
  { name: 'h264_videotoolbox', codec: 'h264', options: wanted => ({ ...videotoolbox(wanted), ...h264(wanted) }) },
  { name: 'hevc_videotoolbox', codec: 'hevc', options: wanted => ({ ...videotoolbox(wanted), ...hevc() }) }
]
