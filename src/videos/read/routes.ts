import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { sightOf } from '#access/principal.ts'
import type { Database } from '#database/connect.ts'
import { InvalidCursor, VideoNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { listFiles, mustFindVideo } from '../queries.ts'
import { VideoBody, VideoFilters, VideoPage, VideoStatusBody } from '../schemas.ts'
import { listVideos } from './list.ts'
import { present, presentStatus } from './present.ts'

/** The routes that say what films there are. */
export const readRoutes: FastifyPluginAsyncTypebox<{ db: Database }> = async (app, { db }) => {
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
      const ids = items.map(({ id }) => id)
      const files = await listFiles(db, ids)
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
    async ({ params: { id }, principal }) => present(await mustFindVideo(db, principal, id), await listFiles(db, [id]))
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
    async ({ params: { id }, principal }) => presentStatus(await mustFindVideo(db, principal, id))
  )
}
