import { type Static, Type } from 'typebox'
import { Nullable, Time } from '#schema/common.ts'
import { longest, shortest } from './expiry.ts'

export const NewLinks = Type.Object(
  {
    seconds: Type.Optional(
      Type.Integer({
        minimum: shortest,
        maximum: longest,
        description:
          'For how long a viewer may begin with the film, rounded up to the next quarter of an hour; default: 6 hours, or twice its length'
      })
    ),
    grant: Type.Optional(
      Type.Enum(['stream', 'download', 'original'] as const, {
        description:
          '`stream` (default): prints, HLS, pictures, subtitles; `download`: prints, to be saved; `original`: the uploaded file, which needs the scope `original`, too'
      })
    )
  },
  { additionalProperties: false, default: {}, examples: [{ seconds: 3600 }] }
)
export type NewLinks = Static<typeof NewLinks>

const Link = (description: string) => Nullable(Type.String({ description }))
const path = '/play/0.29873190.s.qJ0mYb7sVvT3rGkD5uXn1w/01980000-0000-7000-8000-000000000002'

export const Links = Type.Object(
  {
    url: Link('The largest print (MP4; of sound alone M4A), or the original; null before there is one'),
    hls_url: Link('Master playlist (HLS), from the first segment on; null without one, and of links to save files'),
    poster_url: Link('The poster (JPEG); null without one'),
    storyboard_url: Link('The storyboard (WebVTT); null without one'),
    expires_at: Time('Until when a player may begin with the film; one that has begun may go on to its end')
  },
  {
    title: 'Links',
    examples: [
      {
        url: `${path}/720p.mp4`,
        hls_url: `${path}/hls/master.m3u8`,
        poster_url: `${path}/poster.jpg`,
        storyboard_url: `${path}/storyboard.vtt`,
        expires_at: '2026-10-19T18:30:00.000Z'
      }
    ]
  }
)
export type Links = Static<typeof Links>

export const Revoked = Type.Object({
  playback_epoch: Type.Integer({ description: 'What links to this film are signed with from now on' })
})

const signingKey = {
  kid: Type.String({ description: 'Id of the key, and the first part of the links that it signs' }),
  name: Type.String({ description: 'What it is for' }),
  created_at: Time('When it was made'),
  retired_at: Nullable(Time('Since when no link that it has signed is valid; null: it is in use'))
}
const example = { kid: 'pMbBwz2RkV', name: 'shop', created_at: '2026-03-01T09:00:00.000Z', retired_at: null }

export const SigningKeyBody = Type.Object(signingKey, { title: 'SigningKey', examples: [example] })
export type SigningKeyBody = Static<typeof SigningKeyBody>

export const SigningKeyWithKey = Type.Object(
  {
    ...signingKey,
    key: Type.String({ description: 'Signs links; no other answer shows it' })
  },
  {
    title: 'SigningKeyWithKey',
    examples: [{ ...example, key: 'dr_g_pMbBwz2RkV_BZ8gcQkOMb2T9Yw0ZbNnLxq6vhX3TtR5JdUfSaEe1mC0PIa9D' }]
  }
)
export type SigningKeyWithKey = Static<typeof SigningKeyWithKey>

export const SigningKeys = Type.Object({ items: Type.Array(SigningKeyBody, { description: 'Newest first' }) })

export const NewSigningKey = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 100, description: 'What it is for' }) },
  { additionalProperties: false, title: 'NewSigningKey', examples: [{ name: 'shop' }] }
)
export type NewSigningKey = Static<typeof NewSigningKey>
