import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { IdempotencyKeyReused, InvalidCursor, OriginalGone, VideoNotFound } from '#errors.ts'
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
import { findVideo, listExtras, listRenditions, listStreams } from './queries.ts'
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
      schema: {
        operationId: 'listVideos',
        summary: 'Films, newest first',
        description: '`status` takes several values: `a,b` is either, `-a,b` is none of them.',
        querystring: VideoFilters,
        response: { 200: answer(VideoPage, 'A page of films'), ...readProblems(InvalidCursor) }
      }
    },
    async ({ query }) => {
      const { items, ...cursors } = await listVideos(db, query)
      const files = await filesOf(items.map(({ id }) => id))
      return { items: items.map(video => present(video, files)), ...cursors }
    }
  )

  app.get(
    '/api/videos/:id',
    {
      schema: {
        operationId: 'getVideo',
        summary: 'A film and its prints',
        params: Id,
        response: { 200: answer(VideoBody, 'The film'), ...readProblems(VideoNotFound) }
      }
    },
    async ({ params: { id } }) => present(await mustFind(id), await filesOf([id]))
  )

  app.get(
    '/api/videos/:id/status',
    {
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
    async ({ params: { id } }) => presentStatus(await mustFind(id))
  )

  app.get(
    '/api/videos/:id/files/*',
    {
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
    async (request, reply) => serveFile(needs, request, reply, request.params.id, request.params['*'])
  )

  app.post(
    '/api/videos/:id/process',
    {
      // The body may be left out.
      preValidation: async request => {
        request.body ??= {}
      },
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
    async ({ params: { id }, headers, body, id: request_id }, reply) => {
      const key = keyOf(headers['idempotency-key'], `POST /api/videos/${id}/process`, body)
      reply.code(202)
      return { task_id: await processAgain(needs, id, { request_id, key, ...body }) }
    }
  )

  app.delete(
    '/api/videos/:id',
    {
      schema: {
        operationId: 'deleteVideo',
        summary: 'Delete a film',
        description: 'Cancels its tasks, then removes its rows and files.',
        params: Id,
        response: { 204: answer(Type.Null(), 'The film is deleted'), ...writeProblems(VideoNotFound) }
      }
    },
    async ({ params: { id }, log }, reply) => {
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

  async function mustFind(id: string) {
    const video = isUuid(id) ? await findVideo(db, id) : undefined
    if (!video) throw new VideoNotFound(id)
    return video
  }
}
