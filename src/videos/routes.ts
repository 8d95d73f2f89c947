import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { maySee, type Principal, sightOf } from '#access/principal.ts'
import { byRequest } from '#audit/by.ts'
import type { Config } from '#config.ts'
import { FileNotFound, IdempotencyKeyReused, InvalidCursor, OriginalGone, VideoNotFound } from '#errors.ts'
import { keyOf } from '#idempotency/once.ts'
import { IdempotencyKey } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { Id, isUuid } from '#schema/common.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import type { Watching } from '#tasks/read/watch.ts'
import { removeVideo } from './delete.ts'
import { videoDialect } from './dialect.ts'
import { recordDownloads } from './downloads.ts'
import { fileAnswers, fileErrors, savedName, serveFile } from './files.ts'
import { listVideos } from './list.ts'
import { type PlaybackNeeds, playbackRoutes } from './playback/routes.ts'
import { present, presentStatus } from './present.ts'
import { processAgain } from './process-again.ts'
import { findVideo, listFiles, mustSeeVideo } from './queries.ts'
import { FileHeaders, ProcessAgain, VideoBody, VideoFilters, VideoPage, VideoStatusBody } from './schemas.ts'
import type { UploadNeeds } from './upload.ts'
import { uploadRoutes } from './upload-routes.ts'

export interface VideoNeeds extends UploadNeeds, Omit<PlaybackNeeds, 'recordDownload'> {
  watching: Watching
  /** With `public`, prints, streams and pictures need no key. */
  playback: Config['PLAYBACK']
}

const TaskStarted = Type.Object({ task_id: Type.String({ description: 'Id of the task' }) })

export const videoRoutes: FastifyPluginAsyncTypebox<VideoNeeds> = async (app, needs) => {
  const { db } = needs
  const serving = { ...needs, recordDownload: recordDownloads(db) }
  const isPublic = needs.playback === 'public'
  await app.register(uploadRoutes, needs)
  await app.register(videoDialect, needs)
  await app.register(playbackRoutes, serving)

  app.get(
    '/api/videos',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'listVideos',
        summary: 'Films, newest first',
        description: '`status` takes several values: `a,b` is either, `-a,b` is none of them.',
        querystring: VideoFilters,
        response: { 200: answer(VideoPage, 'A page of films'), ...readProblems(InvalidCursor) }
      }
    },
    async ({ query, principal }) => {
      const { items, ...cursors } = await listVideos(db, query, undefined, sightOf(principal))
      const files = await listFiles(
        db,
        items.map(({ id }) => id)
      )
      return { items: items.map(video => present(video, files)), ...cursors }
    }
  )

  app.get(
    '/api/videos/:id',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'getVideo',
        summary: 'A film and its prints',
        params: Id,
        response: { 200: answer(VideoBody, 'The film'), ...readProblems(VideoNotFound) }
      }
    },
    async ({ params: { id }, principal }) => present(await mustFind(id, principal), await listFiles(db, [id]))
  )

  app.get(
    '/api/videos/:id/status',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'getVideoStatus',
        summary: 'Film status',
        description: '`ready` and `failed` are final until the film is processed again.',
        params: Id,
        response: {
          200: answer(VideoStatusBody, 'Status, progress and, if it failed, the error'),
          ...readProblems(VideoNotFound)
        }
      }
    },
    async ({ params: { id }, principal }) => presentStatus(await mustFind(id, principal))
  )

  // Of its own, as it has a scope of its own. The router decodes a path before it looks: no spelling leads past it.
  app.get(
    '/api/videos/:id/files/original',
    {
      config: { scope: 'original' },
      schema: {
        operationId: 'getOriginal',
        summary: 'The uploaded file of a film',
        params: Id,
        headers: FileHeaders,
        response: { ...fileAnswers(savedName), ...readProblems(...fileErrors) }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      await mustSeeVideo(db, request.principal, id)
      return serveFile(serving, request, reply, id, 'original')
    }
  )

  app.get(
    '/api/videos/:id/files/*',
    {
      config: isPublic ? { scope: 'public' } : { scope: 'read', own: true },
      schema: {
        operationId: 'getVideoFile',
        summary: 'A file that was made of a film',
        description:
          'A print, a picture or subtitles. `storyboard.vtt` names the sheets `storyboard-0.jpg` … beside it. Playlists of a film that is still being made grow, and are not to be stored; segments never change.',
        params: Type.Object({
          id: Type.String({ description: 'Id (uuid)' }),
          '*': Type.String({
            description:
              '`poster.jpg`, `preview.webp`, `storyboard.vtt`, `subtitles/<language>.vtt`, the last part of the URL of a print, `hls/master.m3u8`, or what a playlist names below it',
            examples: ['480p.mp4', 'hls/master.m3u8', 'hls/480p/index.m3u8']
          })
        }),
        headers: FileHeaders,
        response: { ...fileAnswers(), ...readProblems(...fileErrors) }
      }
    },
    async (request, reply) => {
      const { principal, params } = request
      const { id, '*': name } = params
      if (name === 'original') throw new FileNotFound(name)
      if (!isPublic) await mustSeeVideo(db, principal, id)
      return serveFile(serving, request, reply, id, name)
    }
  )

  app.post(
    '/api/videos/:id/process',
    {
      // The body may be left out.
      preValidation: async request => {
        request.body ??= {}
      },
      config: { scope: 'submit' },
      schema: {
        operationId: 'processVideo',
        summary: 'Make the prints of a film again',
        description: 'If the film has an open task, the answer names that one, whatever that makes.',
        params: Id,
        headers: IdempotencyKey,
        body: ProcessAgain,
        response: {
          202: answer(TaskStarted, 'The task that makes the prints: the open one, or a new one'),
          ...writeProblems(VideoNotFound, OriginalGone, IdempotencyKeyReused)
        }
      }
    },
    async (request, reply) => {
      const { body } = request
      const { id } = request.params
      const key = keyOf(request, `POST /api/videos/${id}/process`, body)
      reply.code(202)
      return { task_id: await processAgain(needs, id, { by: byRequest(request), key, ...body }) }
    }
  )

  app.delete(
    '/api/videos/:id',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'deleteVideo',
        summary: 'Delete a film',
        description: 'Cancels its tasks, then removes its rows and files.',
        params: Id,
        response: { 204: answer(Type.Null(), 'The film is deleted'), ...writeProblems(VideoNotFound) }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      await mustSeeVideo(db, request.principal, id)
      await removeVideo(needs, id, byRequest(request), request.log)
      reply.code(204)
    }
  )

  async function mustFind(id: string, principal: Principal) {
    const video = isUuid(id) ? await findVideo(db, id) : undefined
    if (!video || !maySee(principal, video.owner)) throw new VideoNotFound(id)
    return video
  }
}
