import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { maySee, type Principal, sightOf } from '#access/principal.ts'
import { mayUse } from '#access/scopes.ts'
import { IdempotencyKeyReused, InvalidCursor, OriginalGone, ScopeMissing, VideoNotFound } from '#errors.ts'
import { keyOf } from '#idempotency/once.ts'
import { IdempotencyKey } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { Id, isUuid } from '#schema/common.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import type { Watching } from '#tasks/read/watch.ts'
import { removeVideo } from './delete.ts'
import { videoDialect } from './dialect.ts'
import { fileAnswers, serveFile } from './files.ts'
import { listVideos } from './list.ts'
import { present, presentStatus } from './present.ts'
import { processAgain } from './process-again.ts'
import { findVideo, listExtras, listRenditions, listStreams, mustSeeVideo } from './queries.ts'
import { FileHeaders, ProcessAgain, VideoBody, VideoFilters, VideoPage, VideoStatusBody } from './schemas.ts'
import type { UploadNeeds } from './upload.ts'
import { uploadRoutes } from './upload-routes.ts'

export interface VideoNeeds extends UploadNeeds {
  watching: Watching
}

const TaskStarted = Type.Object({ task_id: Type.String({ description: 'Id of the task' }) })

export const videoRoutes: FastifyPluginAsyncTypebox<VideoNeeds> = async (app, needs) => {
  const { db } = needs
  await app.register(uploadRoutes, needs)
  await app.register(videoDialect, needs)

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
      const files = await filesOf(items.map(({ id }) => id))
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
    async ({ params: { id }, principal }) => present(await mustFind(id, principal), await filesOf([id]))
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

  app.get(
    '/api/videos/:id/files/*',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'getVideoFile',
        summary: 'A file of a film',
        description:
          'A print, a picture, subtitles or the original. `storyboard.vtt` names the sheets `storyboard-0.jpg` … beside it. Playlists of a film that is still being made grow, and are not to be stored; segments never change.',
        params: Type.Object({
          id: Type.String({ description: 'Id (uuid)' }),
          '*': Type.String({
            description:
              '`original`, `poster.jpg`, `preview.webp`, `storyboard.vtt`, `subtitles/<language>.vtt`, the last part of the URL of a print, `hls/master.m3u8`, or what a playlist names below it',
            examples: ['480p.mp4', 'hls/master.m3u8', 'hls/480p/index.m3u8']
          })
        }),
        headers: FileHeaders,
        response: fileAnswers
      }
    },
    async (request, reply) => {
      const { principal, params } = request
      if (params['*'] === 'original' && !mayUse(principal.scopes, 'original')) throw new ScopeMissing('original')
      await mustSeeVideo(db, principal, params.id)
      return serveFile(needs, request, reply, params.id, params['*'])
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
        description: 'If the film has an open task, the answer names that one.',
        params: Id,
        headers: IdempotencyKey,
        body: ProcessAgain,
        response: {
          202: answer(TaskStarted, 'The task that makes the prints: the open one, or a new one'),
          ...writeProblems(VideoNotFound, OriginalGone, IdempotencyKeyReused)
        }
      }
    },
    async ({ params: { id }, headers, principal, body, id: request_id }, reply) => {
      const { only } = body
      const key = keyOf({ headers, principal }, `POST /api/videos/${id}/process`, only ? { only } : {})
      reply.code(202)
      return { task_id: await processAgain(needs, id, { request_id, key, only, principal }) }
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
    async ({ params: { id }, log, principal }, reply) => {
      await mustSeeVideo(db, principal, id)
      await removeVideo(needs, id, log)
      reply.code(204)
    }
  )

  async function filesOf(ids: string[]) {
    const [renditions, extras, streams] = await Promise.all([
      listRenditions(db, ids),
      listExtras(db, ids),
      listStreams(db, ids)
    ])
    return { renditions, extras, streams }
  }

  async function mustFind(id: string, principal: Principal) {
    const video = isUuid(id) ? await findVideo(db, id) : undefined
    if (!video || !maySee(principal, video.owner)) throw new VideoNotFound(id)
    return video
  }
}
