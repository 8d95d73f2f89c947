import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Static } from 'typebox'
import { maySee } from '#access/principal.ts'
import { byRequest } from '#audit/by.ts'
import { VideoNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id, isUuid } from '#schema/common.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import { findTask } from '#tasks/read/find.ts'
import { ownerOf } from '#tasks/read/present.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { findVideo, type VideoRow } from './queries.ts'
import { presentStatus } from './read/present.ts'
import { FilmOrTask, ProcessVideo, StartedAsBefore } from './schemas.ts'
import { type AgainNeeds, processAgain } from './steer/process-again.ts'

/** Film routes for front ends of the services that this one replaces; some send requests below `/api`. */
export const videoDialect: FastifyPluginAsyncTypebox<AgainNeeds> = async (app, needs) => {
  const { db } = needs

  for (const [prefix, operation] of [
    ['', 'dialect'],
    ['/api', 'dialectApi']
  ] as const) {
    const statusSchema = {
      operationId: `${operation}Status`,
      summary: 'Status of a film, or of a task',
      description:
        'Of a film: whether it is processed and, if it failed, why. Of a task: `Pending`, `Completed` or `Failed`; a revoked task is `Failed`, with the reason.',
      params: Id,
      response: { 200: answer(FilmOrTask, 'Status of the film or task'), ...readProblems(VideoNotFound) }
    }
    app.get(
      `${prefix}/status/:id`,
      { config: { scope: 'read', own: true }, schema: statusSchema },
      async ({ params: { id }, principal }) => {
        const video = isUuid(id) ? await findVideo(db, id) : undefined
        if (video && maySee(principal, video.owner)) return filmStatus(video)
        const task = await findTask(db, id)
        if (!task || !maySee(principal, ownerOf(task))) throw new VideoNotFound(id)
        return taskStatus(task)
      }
    )

    const processSchema = {
      operationId: `${operation}ProcessVideo`,
      summary: 'Make the prints of a film again',
      description: 'If the film has an open task, the answer names that one.',
      body: ProcessVideo,
      response: { 200: answer(StartedAsBefore, 'The task that makes the prints'), ...writeProblems(VideoNotFound) }
    }
    app.post(`${prefix}/process-video`, { config: { scope: 'submit' }, schema: processSchema }, async request => ({
      task_id: await processAgain(needs, request.body.video_id, { by: byRequest(request) }),
      status: 'Task started' as const
    }))
  }
}

// Front ends poll for `processed`, which a failed film never becomes: only its answer has a status and an error.
function filmStatus(video: VideoRow): Static<typeof FilmOrTask> {
  const { processed, status, error } = presentStatus(video)
  if (status !== 'failed') return { processed }
  return { processed, status, error: error?.message ?? 'The film could not be processed' }
}

function taskStatus({ state, status, result, error }: TaskBody): Static<typeof FilmOrTask> {
  if (state === 'SUCCESS') return { status: 'Completed', result, ...(error && { error: error.message }) }
  if (state === 'FAILURE' || state === 'REVOKED') {
    return { status: 'Failed', error: error?.message ?? `The task is ${status}` }
  }
  return { status: 'Pending' }
}
