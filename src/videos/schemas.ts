import { type Static, Type } from 'typebox'
import { Nullable, Time } from '#schema/common.ts'

const Url = Nullable(Type.String())
const VideoStatus = Type.Enum(['uploaded', 'processing', 'ready', 'failed'])
const Progress = Nullable(Type.Number({ minimum: 0, maximum: 1 }))

export const UploadForm = Type.Object({
  video: Type.String({ format: 'binary', description: 'the file' })
})

export const UploadedAsBefore = Type.Object({
  message: Type.String({ description: 'A sentence to show' }),
  task_id: Type.String({ description: 'Id of the task that makes the prints' }),
  id: Type.String({ description: 'Id of the film' })
})

export const StartedAsBefore = Type.Object({
  task_id: Type.String({ description: 'Id of the task that makes the prints' }),
  status: Type.Literal('Task started', { description: 'Always the same words' })
})

export const FilmOrTask = Type.Union([
  Type.Object(
    {
      processed: Type.Boolean({ description: 'Whether the prints can be watched' }),
      status: Type.Optional(Type.Literal('failed', { description: 'Only of a film that failed' })),
      error: Type.Optional(Type.String({ description: 'Why the film failed' }))
    },
    { description: 'Of a film' }
  ),
  Type.Object(
    {
      status: Type.Enum(['Pending', 'Completed', 'Failed'], { description: '`Pending` until the task has ended' }),
      result: Type.Optional(Type.Unknown({ description: 'With `Completed`: what the task returned' })),
      error: Type.Optional(
        Type.String({ description: 'With `Failed`: why; with `Completed`: that the result has expired' })
      )
    },
    { description: 'Of a task' }
  )
])

export const Uploaded = Type.Object({
  id: Type.String(),
  task_id: Type.String({ description: 'the task that makes its prints' }),
  message: Type.String(),
  filename: Type.String(),
  bytes: Type.Integer(),
  sha256: Type.String(),
  status: VideoStatus
})

export const VideoBody = Type.Object(
  {
    id: Type.String(),
    filename: Type.String(),
    bytes: Type.Integer(),
    sha256: Type.String(),
    status: VideoStatus,
    processed: Type.Boolean(),
    progress: Progress,
    resolution_480p: Url,
    resolution_720p: Url,
    resolution_1080p: Url,
    renditions: Type.Array(
      Type.Object({
        name: Type.String(),
        width: Nullable(Type.Integer()),
        height: Nullable(Type.Integer()),
        status: Type.Enum(['pending', 'processing', 'ready', 'skipped', 'failed']),
        reason: Nullable(Type.String()),
        url: Url,
        bytes: Nullable(Type.Integer()),
        bitrate: Nullable(Type.Integer()),
        codec: Nullable(Type.String())
      })
    ),
    hls_url: Url,
    poster_url: Url,
    storyboard_url: Url,
    probe: Type.Unknown(),
    task_id: Type.String(),
    error: Nullable(Type.Object({ type: Type.String(), message: Type.String() })),
    created_at: Time,
    ready_at: Nullable(Time)
  },
  {
    title: 'Video',
    examples: [
      {
        id: '01980000-0000-7000-8000-000000000002',
        filename: 'holiday.mp4',
        bytes: 1048576,
        sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        status: 'ready',
        processed: true,
        progress: 1,
        resolution_480p: '/api/videos/01980000-0000-7000-8000-000000000002/files/480p.mp4',
        resolution_720p: null,
        resolution_1080p: null,
        renditions: [
          {
            name: '480p',
            width: 854,
            height: 480,
            status: 'ready',
            reason: null,
            url: '/api/videos/01980000-0000-7000-8000-000000000002/files/480p.mp4',
            bytes: 204800,
            bitrate: 819200,
            codec: 'h264'
          },
          {
            name: '720p',
            width: null,
            height: null,
            status: 'skipped',
            reason: 'larger_than_source',
            url: null,
            bytes: null,
            bitrate: null,
            codec: null
          }
        ],
        hls_url: null,
        poster_url: null,
        storyboard_url: null,
        probe: null,
        task_id: '01980000-0000-7000-8000-000000000003',
        error: null,
        created_at: '2026-03-01T09:00:00.000Z',
        ready_at: '2026-03-01T09:00:04.000Z'
      }
    ]
  }
)

export type VideoBody = Static<typeof VideoBody>

export const VideoStatusBody = Type.Object({
  video_id: Type.String(),
  status: VideoStatus,
  processed: Type.Boolean(),
  progress: Progress
})

export const ProcessVideo = Type.Object({ video_id: Type.String() }, { additionalProperties: false })

/** For the documentation: the headers with which a part of a file is asked for, or only what has changed. */
export const FileHeaders = Type.Object({
  Range: Type.Optional(Type.String({ examples: ['bytes=0-99'] })),
  'If-Range': Type.Optional(Type.String({ description: 'the ETag of the file that the range is of' })),
  'If-Match': Type.Optional(Type.String()),
  'If-None-Match': Type.Optional(Type.String()),
  'If-Modified-Since': Type.Optional(Type.String()),
  'If-Unmodified-Since': Type.Optional(Type.String())
})
