import path from 'node:path'
import type { Rendition } from '#database/tables.ts'
import { rungs } from '#media/plan/rungs.ts'
import type { Probe } from '#media/probe/probed.ts'
import type { ServedExtra, VideoFiles, VideoRow } from '../queries.ts'
import type { VideoBody } from '../schemas.ts'

export function presentStatus({ id, status, processed, progress, error }: VideoRow) {
  return { video_id: id, status, processed, progress, error }
}

export function present(video: VideoRow, { renditions, extras, streams }: VideoFiles): VideoBody {
  const prints = renditions.filter(({ video_id }) => video_id === video.id).sort(byHeight)
  const others = extras.filter(({ video_id }) => video_id === video.id)
  const tracks = (video.probe as Partial<Probe> | null)?.audio_tracks ?? []
  const urlOf = (name: string) => urlOfPrint(prints.find(print => print.name === name))
  return {
    id: video.id,
    filename: video.filename,
    bytes: video.bytes,
    sha256: video.sha256,
    status: video.status,
    processed: video.processed,
    progress: video.progress,
    resolution_480p: urlOf('480p'),
    resolution_720p: urlOf('720p'),
    resolution_1080p: urlOf('1080p'),
    renditions: prints.map(print => ({
      name: print.name,
      width: print.width,
      height: print.height,
      status: print.status,
      reason: print.reason,
      url: urlOfPrint(print),
      bytes: print.bytes,
      bitrate: print.bitrate,
      codec: print.codec
    })),
    hls_url: streams.some(({ video_id }) => video_id === video.id)
      ? `/api/videos/${video.id}/files/hls/master.m3u8`
      : null,
    poster_url: urlOfExtra(others.find(({ name }) => name === 'poster.jpg')),
    storyboard_url: urlOfExtra(others.find(({ name }) => name === 'storyboard.vtt')),
    probe: video.probe,
    task_id: video.task_id,
    error: video.error,
    created_at: video.created_at.toISOString(),
    ready_at: video.ready_at?.toISOString() ?? null,
    subtitles: subtitlesOf(others),
    hls_tracks_url:
      tracks.length > 1 && streams.some(stream => stream.video_id === video.id && stream.complete)
        ? `/api/videos/${video.id}/files/hls/tracks.m3u8`
        : null,
    audio_tracks: tracks,
    created_by: video.created_by,
    playback_epoch: video.playback_epoch,
    playback: video.playback
  }
}

function urlOfPrint(print: Rendition | undefined) {
  if (print?.status !== 'ready' || print.storage_key === null) return null
  return `/api/videos/${print.video_id}/files/${path.basename(print.storage_key)}`
}

function urlOfExtra(extra: ServedExtra | undefined) {
  return extra ? `/api/videos/${extra.video_id}/files/${extra.name}` : null
}

function subtitlesOf(extras: ServedExtra[]) {
  return extras
    .flatMap(extra => (extra.language === null ? [] : [{ language: extra.language, url: urlOfExtra(extra)! }]))
    .sort((one, other) => (one.language < other.language ? -1 : 1))
}

function byHeight(one: Rendition, other: Rendition) {
  return order(one) - order(other) || (one.name < other.name ? -1 : 1)
}

function order({ name }: Rendition) {
  const own = name.split('.', 1)[0]
  const rung = rungs.findIndex(each => each.name === own)
  // A print with a name of its own is smaller than every rung.
  return rung < 0 ? -1 : rungs.length - 1 - rung
}
