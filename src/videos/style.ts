import { Type } from 'typebox'
import { type Profile, profileNames } from '#media/plan/profiles.ts'

/** How the prints of a film are made, beyond their sizes. */
export interface Style {
  profile: Profile
  /** LUFS; null: as loud as the original. */
  loudness: number | null
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

export function isSameStyle(one: Style | null, other: Style) {
  return one?.profile === other.profile && one.loudness === other.loudness
}
