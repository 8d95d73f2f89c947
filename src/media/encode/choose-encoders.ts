import { EncodeFailed } from '../encode-failed.ts'
import type { Print } from '../plan/print.ts'
import { findEncoders, namesFor, withHardware } from './encoders.ts'
import type { Encoders } from './hardware.ts'

/** The encoders of prints. Throws where this ffmpeg cannot make one of the codecs, and never will. */
export async function encodersFor(prints: Print[], ffmpeg: string, { software = false } = {}): Promise<Encoders> {
  const wanted = [...new Set(prints.map(({ codec }) => codec))]
  const encoders = await findEncoders(ffmpeg, wanted)
  const missing = wanted.find(codec => encoders[codec] === undefined)
  if (missing === undefined) return software ? encoders : withHardware(encoders, wanted)
  throw new EncodeFailed(`CODECS names ${missing}, and ffmpeg has no encoder for it (${namesFor(missing)}).`, '')
}
