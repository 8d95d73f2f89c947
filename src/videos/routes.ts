import type { FastifyPluginAsync } from 'fastify'
import type { Config } from '#config.ts'
import { videoDialect } from './dialect.ts'
import { recordDownloads } from './files/downloads.ts'
import { fileRoutes } from './files/routes.ts'
import { type PlaybackNeeds, playbackRoutes } from './playback/routes.ts'
import { visibilityOf } from './playback/visibility.ts'
import { readRoutes } from './read/routes.ts'
import type { RemoveNeeds } from './steer/delete.ts'
import type { PrintSettings } from './steer/known-prints.ts'
import { changeRoutes } from './steer/routes.ts'
import { uploadRoutes } from './upload/routes.ts'
import type { UploadNeeds } from './upload/upload.ts'

export interface VideoNeeds extends UploadNeeds, RemoveNeeds, PrintSettings, Omit<PlaybackNeeds, 'recordDownload'> {
  /** For whom prints, streams and pictures of films are that do not say it themselves. */
  playback: Config['PLAYBACK']
}

export const videoRoutes: FastifyPluginAsync<VideoNeeds> = async (app, needs) => {
  const serving = { ...needs, recordDownload: recordDownloads(needs.db) }
  await app.register(uploadRoutes, needs)
  await app.register(videoDialect, needs)
  await app.register(playbackRoutes, serving)
  await app.register(readRoutes, needs)
  await app.register(fileRoutes, { ...serving, isPublic: visibilityOf(needs.playback) })
  await app.register(changeRoutes, needs)
}
