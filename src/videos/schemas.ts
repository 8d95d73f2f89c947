import { type Static, Type } from 'typebox'
import { List, Nullable, Page, Time } from '#schema/common.ts'
import { FilmPlayback } from './steer/change.ts'
import { StyleArgs } from './style.ts'

const Url = (description: string) => Nullable(Type.String({ description }))
const Bytes = (description: string) => Type.Integer({ description })
export const videoStatuses = ['uploaded', 'processing', 'ready', 'failed'] as const
const VideoStatus = Type.Enum(videoStatuses, { description: 'Status of the film' })
const Processed = Type.Boolean({
  description: 'Whether prints are served; stays true while they are made again'
})
const Progress = Nullable(
  Type.Number({ minimum: 0, maximum: 1, description: 'Progress from 0 to 1; null while unknown' })
)
const VideoError = Nullable(
  Type.Object(
    {
      type: Type.String({ description: 'Name of the error' }),
      message: Type.String({ description: 'What went wrong' })
    },
    { description: 'Why the film failed, else null' }
  )
)
const filename = Type.String({ description: 'Name of the file, as uploaded' })
const bytes = Bytes('Size of the original')
const sha256 = Type.String({ description: 'SHA-256 of the original in hexadecimal' })

export const FileForm = Type.Object({
  video: Type.String({ format: 'binary', description: 'The film' })
})

export const UploadForm = Type.Object({
  ...FileForm.properties,
  ...StyleArgs,
  playback: Type.Optional(FilmPlayback)
})

export const UploadedAsBefore = Type.Object({
  message: Type.String({ description: 'A sentence to show' }),
  task_id: Type.String({ description: 'Id of the task that makes the prints' }),
  id: Type.String({ description: 'Id of the film' })
})

export const StartedAsBefore = Type.Object({
  task_id: Type.String({ description: 'Id of the task that makes the prints' }),
  status: Type.Literal('Task started', { description: 'Always this text' })
})

export const FilmOrTask = Type.Union([
  Type.Object(
    {
      processed: Processed,
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
  id: Type.String({ description: 'Id of the film' }),
  task_id: Type.String({ description: 'Id of the task that makes the prints' }),
  message: Type.String({ description: 'A sentence to show' }),
  filename,
  bytes,
  sha256,
  status: VideoStatus
})

const Rendition = Type.Object({
  name: Type.String({ description: '`480p`, `720p`, `1080p` …' }),
  width: Nullable(Type.Integer({ description: 'Width in pixels' })),
  height: Nullable(Type.Integer({ description: 'Height in pixels' })),
  status: Type.Enum(['pending', 'processing', 'ready', 'skipped', 'failed'], { description: 'Status of the print' }),
  reason: Nullable(
    Type.String({
      description:
        'Why it was skipped; `copied` of a print whose picture is that of the original; or the name of the error that the film failed with'
    })
  ),
  url: Url('Address of the print'),
  bytes: Nullable(Bytes('Size of the print')),
  bitrate: Nullable(Type.Integer({ description: 'Bits per second' })),
  codec: Nullable(Type.String({ description: 'Codec of the picture, or of the sound if there is none' }))
})

const Subtitles = Type.Object({
  language: Type.String({
    description:
      'Language (BCP 47): `und` if the file does not say; further tracks of one are `en-x-sdh`, `en-x-forced`, `en-x-2` …'
  }),
  url: Type.String({ description: 'Address of the WebVTT file' })
})

const AudioTrack = Type.Object({
  language: Type.String({ description: 'Language (BCP 47); `und` if the file does not say' }),
  name: Type.String({ description: 'As players show it: the title of the track, else its language' }),
  default: Type.Boolean({ description: 'Whether it is played where nothing else is chosen' })
})

export const VideoBody = Type.Object(
  {
    id: Type.String({ description: 'Id (uuid)' }),
    filename,
    bytes,
    sha256,
    status: VideoStatus,
    processed: Processed,
    progress: Progress,
    resolution_480p: Url('Address of the 480p print; null without one'),
    resolution_720p: Url('Address of the 720p print; null without one'),
    resolution_1080p: Url('Address of the 1080p print; null without one'),
    renditions: Type.Array(Rendition, { description: 'Each print, also those that were skipped, with the reason' }),
    hls_url: Url('Master playlist (HLS): from the first segment on, while the film is still being made'),
    poster_url: Url('Address of the poster (JPEG), a frame that is not black; null without one'),
    storyboard_url: Url('Address of the storyboard (WebVTT): the part of a sheet, `#xywh=`, for each time'),
    probe: Type.Unknown({
      description:
        'Streams and properties of the original, and as `notes` what the film does without; null until prints were made'
    }),
    task_id: Type.String({ description: 'Id of the latest task that makes the prints' }),
    error: VideoError,
    created_at: Time('When it was uploaded'),
    ready_at: Nullable(Time('When the prints that are served were ready')),
    subtitles: Type.Array(Subtitles, { description: 'The text subtitles of the original' }),
    hls_tracks_url: Url(
      'Master playlist (HLS) for players that choose an audio track, once the film is ready; null where there is one track or none'
    ),
    audio_tracks: Type.Array(AudioTrack, {
      description:
        'Audio tracks of the prints and streams, in their order: several with the setting `AUDIO_TRACKS=all`; empty until prints were made, and without sound'
    }),
    created_by: Nullable(Type.String({ description: 'Name of the key that uploaded it; null without one' })),
    playback_epoch: Type.Integer({
      description: 'For apps that sign links to films by themselves: each revocation raises it'
    }),
    playback: Nullable(FilmPlayback)
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
        hls_url: '/api/videos/01980000-0000-7000-8000-000000000002/files/hls/master.m3u8',
        poster_url: '/api/videos/01980000-0000-7000-8000-000000000002/files/poster.jpg',
        storyboard_url: '/api/videos/01980000-0000-7000-8000-000000000002/files/storyboard.vtt',
        probe: null,
        task_id: '01980000-0000-7000-8000-000000000003',
        error: null,
        created_at: '2026-03-01T09:00:00.000Z',
        ready_at: '2026-03-01T09:00:04.000Z',
        subtitles: [{ language: 'en', url: '/api/videos/01980000-0000-7000-8000-000000000002/files/subtitles/en.vtt' }],
        hls_tracks_url: null,
        audio_tracks: [{ language: 'en', name: 'English', default: true }],
        created_by: 'shop',
        playback_epoch: 0,
        playback: null
      }
    ]
  }
)

export type VideoBody = Static<typeof VideoBody>

export const VideoPage = Type.Object({
  ...List(VideoBody).properties,
  searched_until: Nullable(
    Time('Where a search ran out of time; `next_cursor` (`prev_cursor` on the way back) continues there; else null')
  )
})

export const VideoFilters = Type.Object(
  {
    ...Page.properties,
    status: Type.Optional(
      Type.String({
        maxLength: 200,
        description: `Only films with these statuses: ${videoStatuses.map(status => `\`${status}\``).join(', ')}`
      })
    ),
    q: Type.Optional(Type.String({ maxLength: 200, description: "Part of the file's name" })),
    created_after: Type.Optional(Time('Only films that were uploaded after this time')),
    created_before: Type.Optional(Time('Only films that were uploaded before this time'))
  },
  { additionalProperties: false }
)
export type VideoFilters = Static<typeof VideoFilters>

export const VideoStatusBody = Type.Object({
  video_id: Type.String({ description: 'Id of the film' }),
  status: VideoStatus,
  processed: Processed,
  progress: Progress,
  error: VideoError
})

export const ProcessAgain = Type.Object(
  {
    only: Type.Optional(
      Type.Array(Type.String({ pattern: '^\\d{1,4}p(\\.(hevc|vp9|av1))?$' }), {
        minItems: 1,
        maxItems: 10,
        description:
          'Names of the prints to make, of those that `RUNGS` and `CODECS` name or that the film has; the others that it has stay as they are. Default: all',
        examples: [['720p']]
      })
    ),
    ...StyleArgs
  },
  { additionalProperties: false, default: {} }
)

export const ProcessVideo = Type.Object(
  { video_id: Type.String({ description: 'Id of the film' }) },
  { additionalProperties: false }
)

/** For the documentation: headers that ask for a part of a file, or only for what has changed. */
export const FileHeaders = Type.Object({
  Range: Type.Optional(Type.String({ description: 'Range of bytes to answer', examples: ['bytes=0-99'] })),
  'If-Range': Type.Optional(Type.String({ description: 'ETag of the file that the range belongs to' })),
  'If-Match': Type.Optional(Type.String({ description: 'Answer only if the file has this ETag, else 412' })),
  'If-None-Match': Type.Optional(Type.String({ description: 'ETag of a copy: 304 if it is current' })),
  'If-Modified-Since': Type.Optional(Type.String({ description: 'Time of a copy: 304 if it is current' })),
  'If-Unmodified-Since': Type.Optional(
    Type.String({ description: 'Answer only if the file has not changed since, else 412' })
  )
})
