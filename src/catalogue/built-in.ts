import type { Config } from '#config.ts'
import type { InTransaction } from '#database/connect.ts'
import type { ForgottenTask } from '#tasks/builtin/expire-results.ts'
import type { Kind } from '#tasks/define.ts'

/** The one list of built-in kinds. Each loads its own modules: a child that adds numbers needs nothing of films. */
export const builtIn: Record<string, (config: Config) => Promise<Kind>> = {
  add: async () => (await import('#tasks/builtin/add.ts')).add,
  process_data: async () => (await import('#tasks/builtin/process-data.ts')).processData,
  sleep: async () => (await import('#tasks/builtin/sleep.ts')).sleep,
  process_video: async config => (await import('#videos/tasks/process-video.ts')).processVideo(await filmsIn(config)),
  process_video_part: async config =>
    (await import('#videos/tasks/process-video-part.ts')).processVideoPart(await filmsIn(config)),
  sweep: async config => {
    const { sweep } = await import('#videos/tasks/sweep.ts')
    return sweep({ ...(await storageIn(config)), auditExpires: config.AUDIT_EXPIRES })
  },
  expire_originals: async config => {
    const { expireOriginals } = await import('#videos/tasks/expire-originals.ts')
    return expireOriginals({ ...(await storageIn(config)), originalExpires: config.ORIGINAL_EXPIRES })
  },
  expire_uploads: async config => {
    const { expireUploads } = await import('#uploads/tasks/expire-uploads.ts')
    return expireUploads(await storageIn(config))
  },
  expire_keys: async () => (await import('#tasks/builtin/expire-keys.ts')).expireKeys,
  forget_workers: async () => (await import('#workers/tasks/forget-workers.ts')).forgetWorkers,
  roll_up: async config => {
    const { rollUpKind } = await import('#stats/tasks/roll-up.ts')
    return rollUpKind({ historyExpires: config.HISTORY_EXPIRES })
  },
  expire_deliveries: async config => {
    const { expireDeliveries } = await import('#webhooks/tasks/expire-deliveries.ts')
    return expireDeliveries({ historyExpires: config.HISTORY_EXPIRES })
  },
  bulk_operation: async () => {
    const { bulkOperation } = await import('#bulk/tasks/bulk-operation.ts')
    return bulkOperation({ remember })
  },
  expire_bulk_operations: async config => {
    const { expireBulkOperations } = await import('#bulk/tasks/expire-bulk-operations.ts')
    return expireBulkOperations({ historyExpires: config.HISTORY_EXPIRES })
  },
  expire_occurrences: async config => {
    const { expireOccurrences } = await import('#schedules/tasks/expire-occurrences.ts')
    return expireOccurrences({ historyExpires: config.HISTORY_EXPIRES })
  },
  expire_results: async config => {
    const { expireResults } = await import('#tasks/builtin/expire-results.ts')
    return expireResults({ historyExpires: config.HISTORY_EXPIRES, remember })
  }
}

async function filmsIn(config: Config) {
  const { findMediaTools } = await import('#media/binaries.ts')
  const { lockAsProved } = await import('#media/lock/lock.ts')
  const { encodeAsFound } = await import('#media/encode/hardware.ts')
  const { shareCores } = await import('#media/encode/threads.ts')
  const tools = () => {
    lockAsProved(config.MEDIA_SANDBOX)
    encodeAsFound(config.HARDWARE)
    shareCores(config.WORKER_CONCURRENCY)
    return findMediaTools({ ffmpegPath: config.FFMPEG_PATH, ffprobePath: config.FFPROBE_PATH })
  }
  const budget = {
    seconds: config.MAX_FILM_SECONDS,
    pixels: config.MAX_FILM_PIXELS,
    frames: config.MAX_FILM_FRAMES,
    streams: config.MAX_FILM_STREAMS,
    temporaryBytes: config.MAX_TEMPORARY_BYTES
  }
  const style = {
    profile: config.PROFILE,
    loudness: config.LOUDNESS ?? null,
    audio_tracks: config.AUDIO_TRACKS,
    codecs: config.CODECS
  }
  return { ...(await storageIn(config)), tools, budget, rungs: config.RUNGS, style }
}

async function storageIn(config: Config) {
  const { DiskStore } = await import('#storage/disk.ts')
  const { workspacesIn } = await import('#storage/workspace.ts')
  return { store: new DiskStore(config.DATA_DIR), workspaces: workspacesIn(config.DATA_DIR) }
}

/** Loads its module only when there is a row to write: children, which know every kind, have no database. */
async function remember(trx: InTransaction, ended: ForgottenTask[]) {
  const lost = ended.filter(({ state, video_id }) => state !== 'SUCCESS' && video_id !== null)
  if (lost.length === 0) return
  const { keepFailures } = await import('#videos/queries.ts')
  await keepFailures(trx, lost)
}
