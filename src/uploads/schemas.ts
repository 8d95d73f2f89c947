import { type Static, Type } from 'typebox'
import { IdempotencyKey } from '#idempotency/schemas.ts'
import { Nullable, Time } from '#schema/common.ts'

export const UploadBody = Type.Object(
  {
    id: Type.String({ description: 'Id (uuid); also that of the film that it becomes' }),
    filename: Type.String({ description: 'Name of the film' }),
    offset: Type.Integer({ description: 'Bytes that have arrived' }),
    length: Nullable(Type.Integer({ description: 'Bytes of the whole file; null while the client has not said' })),
    video_id: Nullable(Type.String({ description: 'The film, once all bytes have arrived' })),
    task_id: Nullable(Type.String({ description: 'The task that makes its prints' })),
    sha256: Nullable(Type.String({ description: 'SHA-256 of the whole file in hexadecimal' })),
    created_at: Time('When it was created'),
    expires_at: Time('When it is removed if no byte arrives until then; a film stays')
  },
  {
    title: 'Upload',
    examples: [
      {
        id: '01980000-0000-7000-8000-000000000004',
        filename: 'holiday.mp4',
        offset: 8388608,
        length: 1073741824,
        video_id: null,
        task_id: null,
        sha256: null,
        created_at: '2026-03-01T09:00:00.000Z',
        expires_at: '2026-03-02T09:00:00.000Z'
      }
    ]
  }
)

export type UploadBody = Static<typeof UploadBody>

const text = (description: string) => Type.String({ description })

// For the documentation: the routes read their headers themselves.
const version = { 'Tus-Resumable': Type.Literal('1.0.0', { description: 'Version of the protocol' }) }
const Length = text('Bytes of the whole file')
const Metadata = text('Pairs of a key and a value in base64, between commas; `filename` names the film')
const Checksum = text('Name of a hash and its value in base64: the bytes are refused as a whole if they do not fit')
const Offset = text('Bytes that have arrived')
const Expires = text('When it is removed if no byte arrives until then')
const Override = text('The method that is meant, for clients that can only send POST')

export const CreateHeaders = Type.Object({
  ...version,
  ...IdempotencyKey.properties,
  'Upload-Length': Type.Optional(Length),
  'Upload-Defer-Length': Type.Optional(text('`1` instead of the length, which then comes with a PATCH')),
  'Upload-Metadata': Type.Optional(Metadata),
  'Upload-Checksum': Type.Optional(Checksum)
})

export const AppendHeaders = Type.Object({
  ...version,
  'Upload-Offset': Type.String({ description: 'Where the bytes belong: behind those that have arrived' }),
  'Upload-Length': Type.Optional(Length),
  'Upload-Checksum': Type.Optional(Checksum)
})

export const OverrideHeaders = Type.Object({ ...version, 'X-HTTP-Method-Override': Override })
export const VersionHeaders = Type.Object(version)

/** Headers of answers. */
export const Resumable = { 'Tus-Resumable': text('Version of the protocol') }
export const Where = { ...Resumable, 'Upload-Offset': Offset }
export const Whole = {
  ...Where,
  'Upload-Length': Type.Optional(Length),
  'Upload-Defer-Length': Type.Optional(text('`1` while the length is unknown')),
  'Upload-Metadata': Type.Optional(text('As the client sent it; then also `video_id` and `task_id`')),
  'Upload-Expires': Type.Optional(Expires)
}
export const Until = { 'Upload-Expires': Type.Optional(Expires) }
export const Abilities = {
  ...Resumable,
  'Tus-Version': text('Versions that are spoken here'),
  'Tus-Extension': text('Extensions that are spoken here'),
  'Tus-Max-Size': text('Bytes of the largest accepted file'),
  'Tus-Checksum-Algorithm': text('Hashes for Upload-Checksum')
}
