import { type Static, Type } from 'typebox'
import type { WantedTracks } from '#media/plan/audio-tracks.ts'
import type { Codec } from '#media/plan/codecs.ts'
import { type Profile, profileNames } from '#media/plan/profiles.ts'
import { checkOf, refuse } from '#schema/check.ts'

/** How the prints of a film are made, beyond their sizes. */
export interface Style {
  profile: Profile
  /** LUFS; null: as loud as the original. */
  loudness: number | null
  /** Only by the setting AUDIO_TRACKS. */
  audio_tracks: WantedTracks
  /** Those beside H.264. Only by the setting CODECS. */
  codecs: Codec[]
}

/** What a request and a task may say of it; the settings PROFILE and LOUDNESS say the rest. */
export const StyleArgs = {
  profile: Type.Optional(
    Type.Enum(profileNames, {
      description: 'How much work goes into the prints. Default: the setting `PROFILE`'
    })
  ),
  loudness: Type.Optional(
    Type.Number({
      minimum: -40,
      maximum: -5,
      description: 'Loudness of the sound in LUFS: -23 is EBU R128. Default: the setting `LOUDNESS`',
      examples: [-23]
    })
  )
}

const Wanted = Type.Object(StyleArgs, { additionalProperties: false })

/** What the fields of a form say of it, where a field is a text; an empty one counts as absent. */
export function styleIn({ profile = '', loudness = '' }: Record<string, string>): Partial<Static<typeof Wanted>> {
  const number = Number(loudness)
  const wanted = {
    ...(profile !== '' && { profile }),
    ...(loudness.trim() !== '' && { loudness: Number.isFinite(number) ? number : loudness })
  }
  const problems = checkOf(Wanted)(wanted)
  if (problems.length > 0) throw refuse(problems)
  return wanted as Static<typeof Wanted>
}

export function isSameStyle(one: Style | null, other: Style) {
  return (
    one?.profile === other.profile &&
    one.loudness === other.loudness &&
    one.audio_tracks === other.audio_tracks &&
    one.codecs.join() === other.codecs.join()
  )
}
