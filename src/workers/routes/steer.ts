import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { byRequest } from '#audit/by.ts'
import { WorkerGone, WorkerNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id } from '#schema/common.ts'
import { writeProblems } from '#schema/problems.ts'
import type { WorkerNeeds } from '../needs.ts'
import { Steering, WorkerBody } from '../schemas.ts'
import { steer } from '../steer.ts'
import { goneAs, mustFind } from './must-find.ts'

export const steerRoute: FastifyPluginAsyncTypebox<WorkerNeeds> = async (app, needs) => {
  app.patch(
    '/api/workers/:id',
    {
      config: { scope: 'operate' },
      schema: {
        operationId: 'steerWorker',
        summary: 'Change the concurrency of a worker, or pause it',
        description:
          'The worker follows within one heartbeat (3 s). With a lower concurrency running tasks finish first. A paused worker finishes its running tasks and gives back those that it holds ahead; it still promotes delayed tasks and recovers those of lost workers. The change lasts until the worker ends: the next one starts with its settings.',
        params: Id,
        body: Steering,
        response: {
          200: answer(WorkerBody, 'The worker with its new settings'),
          ...writeProblems(WorkerNotFound, WorkerGone)
        }
      }
    },
    async request => {
      const { id } = request.params
      const { status } = await mustFind(needs.db.pool, id)
      if (!(await steer(needs, id, request.body, byRequest(request)))) throw new WorkerGone(goneAs(status))
      return mustFind(needs.db.pool, id)
    }
  )
}
