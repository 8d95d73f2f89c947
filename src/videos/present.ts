import path from 'node:path'
import type { Rendition } from '#database/tables.ts'
import { rungs } from '#media/plan/rungs.ts'
import type { VideoRow } from './queries.ts'
import type { VideoBody } from './schemas.ts'

/**
 * What is stored is what is settled; what is going on is read off the task, whoever changed it and by whatever door.
 */
export function statusOf({ status, task_state }: VideoRow): VideoBody['status'] {
  if (status === 'failed') return status
  if (task_state === 'STARTED' || task_state === 'RETRY') return 'processing'
  // Its prints are being made again. If nothing comes of that the old ones are still there.
  if (status === 'ready') return task_state === 'PENDING' ? 'processing' : 'ready'
  if (task_state === 'FAILURE' || task_state === 'REVOKED') return 'failed'
  return 'uploaded'
}

export function presentStatus(video: VideoRow) {
  const status = statusOf(video)
  const ready = status === 'ready'
  return { video_id: video.id, status, processed: ready, progress: ready ? 1 : video.task_progress }
}

export function present(video: VideoRow, renditions: Rendition[]): VideoBody {
  const { status, processed, progress } = presentStatus(video)
  const prints = renditions.filter(({ video_id }) => video_id === video.id).sort(byHeight)
  const urlOf = (name: string) => urlOfPrint(prints.find(print => print.name === name))
  return {
    id: video.id,
    filename: video.filename,
    bytes: video.bytes,
    sha256: video.sha256,
    status,
    processed,
    progress,
    resolution_480p: urlOf('480p'),
    resolution_720p: urlOf('720p'),
    resolution_1080p: urlOf('1080p'),
    renditions: prints.map(print => ({
      name: print.name,
      width: print.width,
      height: print.height,
      status: print.status === 'pending' ? pendingAs(status) : print.status,
      reason: print.reason,
      url: urlOfPrint(print),
      bytes: print.bytes,
      bitrate: print.bitrate,
      codec: print.codec
    })),
    hls_url: null,
    poster_url: null,
    storyboard_url: null,
    probe: video.probe,
    task_id: video.task_id,
    error: status === 'failed' ? (video.error ?? video.task_error ?? null) : null,
    created_at: video.created_at.toISOString(),
    ready_at: status === 'ready' ? video.ready_at!.toISOString() : null
  }
}

function pendingAs(status: VideoBody['status']) {
  return status === 'processing' || status === 'failed' ? status : 'pending'
}

function urlOfPrint(print: Rendition | undefined) {
  if (print?.status !== 'ready' || print.storage_key === null) return null
  return `/api/videos/${print.video_id}/files/${path.basename(print.storage_key)}`
}

function byHeight(one: Rendition, other: Rendition) {
  return order(one) - order(other)
}

function order({ name }: Rendition) {
  const rung = rungs.findIndex(each => each.name === name)
  // What has a name of its own is smaller than every rung.
  return rung < 0 ? -1 : rungs.length - 1 - rung
}
