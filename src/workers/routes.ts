import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '#database/connect.ts'
import { WorkerGone, WorkerNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { First, Id } from '#schema/common.ts'
import { readProblems, writeProblems } from '#schema/problems.ts'
import type { Voice } from '#tasks/voice.ts'
import { findWorker, listWorkers } from './list.ts'
import { Ending, Steering, WorkerBody, Workers } from './schemas.ts'
import { shutDown, steer } from './steer.ts'

export interface WorkerNeeds {
  db: Database
  voice: Voice
}

export const workerRoutes: FastifyPluginAsyncTypebox<WorkerNeeds> = async (app, needs) => {
  const { pool } = needs.db

  app.get(
    '/api/workers',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listWorkers',
        summary: 'Workers, newest first',
        description: 'Running workers, and for a day those that have stopped or were lost.',
        querystring: First,
        response: { 200: answer(Workers, 'All workers'), ...readProblems() }
      }
    },
    async ({ query: { limit } }) => ({ items: (await listWorkers(pool)).slice(0, limit) })
  )

  app.get(
    '/api/workers/:id',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getWorker',
        summary: 'A worker and its running tasks',
        params: Id,
        response: {
          200: answer(WorkerBody, 'The worker as of its last heartbeat'),
          ...readProblems(WorkerNotFound)
        }
      }
    },
    async ({ params: { id } }) => mustFind(id)
  )

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
    async ({ params: { id }, body }) => {
      const { status } = await mustFind(id)
      if (!(await steer(needs, id, body))) throw new WorkerGone(goneAs(status))
      return mustFind(id)
    }
  )

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
    async ({ params: { id }, body: { mode = 'warm' } }, reply) => {
      const { status } = await mustFind(id)
      if (!(await shutDown(needs, id, mode))) throw new WorkerGone(goneAs(status))
      reply.code(202)
      return mustFind(id)
    }
  )

  async function mustFind(id: string) {
    const worker = await findWorker(pool, id)
    if (!worker) throw new WorkerNotFound(id)
    return worker
  }
}

/** The worker was running when its row was read and has ended meanwhile. */
function goneAs(status: WorkerBody['status']) {
  return status === 'running' ? 'stopped' : status
}
