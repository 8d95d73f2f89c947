import { type Static, Type } from 'typebox'
import { Nullable, Time } from '#schema/common.ts'

const Url = Nullable(Type.String())
const VideoStatus = Type.Enum(['uploaded', 'processing', 'ready', 'failed'])
const Progress = Nullable(Type.Number({ minimum: 0, maximum: 1 }))

export const Uploaded = Type.Object({
  id: Type.String(),
  task_id: Type.String(),
  message: Type.String(),
  filename: Type.String(),
  bytes: Type.Integer(),
  sha256: Type.String(),
  status: VideoStatus
})

export const VideoBody = Type.Object({
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
})

export type VideoBody = Static<typeof VideoBody>

export const VideoStatusBody = Type.Object({
  video_id: Type.String(),
  status: VideoStatus,
  processed: Type.Boolean(),
  progress: Progress
})

export const ProcessVideo = Type.Object({ video_id: Type.String() }, { additionalProperties: false })
