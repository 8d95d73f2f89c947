import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { byRequest } from '#audit/by.ts'
import { WorkerGone, WorkerNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id } from '#schema/common.ts'
import { writeProblems } from '#schema/problems.ts'
import type { WorkerNeeds } from '../needs.ts'
import { Ending, WorkerBody } from '../schemas.ts'
import { shutDown } from '../steer.ts'
import { goneAs, mustFind } from './must-find.ts'

export const shutDownRoute: FastifyPluginAsyncTypebox<WorkerNeeds> = async (app, needs) => {
  app.post(
    '/api/workers/:id/shutdown',
    {
      // Without a body the mode is warm.
      preValidation: async request => {
        request.body ??= {}
      },
      config: { scope: 'admin' },
      schema: {
        operationId: 'shutDownWorker',
        summary: 'Shut down a worker',
        description:
          'The worker takes no more tasks. `warm`: it lets its running tasks finish, however long that takes, and ends. `cold`, also after `warm`: it stops its running tasks, hands them back without counting the attempt, and ends. Its exit code is 0. `server`, the systemd units and the compose file start another worker in its place; to have a worker do nothing, pause it.',
        params: Id,
        body: Ending,
        response: {
          202: answer(WorkerBody, 'The worker, which is ending'),
          ...writeProblems(WorkerNotFound, WorkerGone)
        }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      const { mode = 'warm' } = request.body
      const { status } = await mustFind(needs.db.pool, id)
      if (!(await shutDown(needs, id, mode, byRequest(request)))) throw new WorkerGone(goneAs(status))
      reply.code(202)
      return mustFind(needs.db.pool, id)
    }
  )
}
