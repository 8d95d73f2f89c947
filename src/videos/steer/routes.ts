import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import { byRequest } from '#audit/by.ts'
import type { Database } from '#database/connect.ts'
import { IdempotencyKeyReused, OriginalGone, VideoNotFound } from '#errors.ts'
import { keyOf } from '#idempotency/once.ts'
import { IdempotencyKey } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { Id } from '#schema/common.ts'
import { writeProblems } from '#schema/problems.ts'
import { listFiles, mustFindVideo, mustSeeVideo } from '../queries.ts'
import { present } from '../read/present.ts'
import { ProcessAgain, VideoBody } from '../schemas.ts'
import { changeVideo, VideoChange } from './change.ts'
import { type RemoveNeeds, removeVideo } from './delete.ts'
import { type AgainNeeds, processAgain } from './process-again.ts'

const TaskStarted = Type.Object({ task_id: Type.String({ description: 'Id of the task' }) })

/** The routes that change films, make their prints again and delete them. */
export const changeRoutes: FastifyPluginAsync<RemoveNeeds & AgainNeeds> = async (app, needs) => {
  await app.register(changeRoute, needs)
  await app.register(processRoute, needs)
  await app.register(deleteRoute, needs)
}

const changeRoute: FastifyPluginAsyncTypebox<{ db: Database }> = async (app, { db }) => {
  app.patch(
    '/api/videos/:id',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'changeVideo',
        summary: 'Change for whom a film is',
        description: 'At once; what caches have of a public film stays there. The original needs a key always.',
        params: Id,
        body: VideoChange,
        response: { 200: answer(VideoBody, 'The film, changed'), ...writeProblems(VideoNotFound) }
      }
    },
    async request => {
      const { id } = request.params
      await changeVideo(db, id, request.body, byRequest(request))
      return present(await mustFindVideo(db, request.principal, id), await listFiles(db, [id]))
    }
  )
}

const processRoute: FastifyPluginAsyncTypebox<AgainNeeds> = async (app, needs) => {
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
}

const deleteRoute: FastifyPluginAsyncTypebox<RemoveNeeds> = async (app, needs) => {
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
      await mustSeeVideo(needs.db, request.principal, id)
      await removeVideo(needs, id, byRequest(request), request.log)
      reply.code(204)
    }
  )
}
