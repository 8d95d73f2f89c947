import { type Config, ConfigError } from '#config.ts'
import { findMediaTools } from '#media/binaries.ts'
import { findEncoders, namesFor } from '#media/encode/encoders.ts'

/**
 * Stops the start of a worker whose ffmpeg cannot make the prints that CODECS asks for: films would fail one by one, or
 * have fewer prints than their operator believes. A worker without any ffmpeg starts, and says so when a film comes.
 */
export async function mustHaveEncoders({ CODECS, FFMPEG_PATH, FFPROBE_PATH }: Config) {
  if (CODECS.length === 0) return
  const tools = await findMediaTools({ ffmpegPath: FFMPEG_PATH, ffprobePath: FFPROBE_PATH }).catch(() => undefined)
  if (!tools) return
  const found = await findEncoders(tools.ffmpeg, CODECS)
  const missing = CODECS.filter(codec => found[codec] === undefined)
  if (missing.length === 0) return
  throw new ConfigError(
    missing.map(
      codec =>
        `CODECS names ${codec}, and ${tools.ffmpeg} has no encoder for it that works (${namesFor(codec)}): ` +
        'install an ffmpeg that has one, or remove it from CODECS'
    )
  )
}
