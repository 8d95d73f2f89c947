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
      schema: {
        summary: 'Every worker, newest first',
        description: 'Those that are there, and for a day those that have gone.',
        querystring: First,
        response: { 200: answer(Workers, 'All of them'), ...readProblems() }
      }
    },
    async ({ query: { limit } }) => ({ items: (await listWorkers(pool)).slice(0, limit) })
  )

  app.get(
    '/api/workers/:id',
    {
      schema: {
        summary: 'A worker, and what it is doing',
        params: Id,
        response: {
          200: answer(WorkerBody, 'The worker as it was at its last heartbeat'),
          ...readProblems(WorkerNotFound)
        }
      }
    },
    async ({ params: { id } }) => mustFind(id)
  )

  app.patch(
    '/api/workers/:id',
    {
      schema: {
        summary: 'Let a worker run more or fewer tasks, or take no more',
        description:
          'It hears of it at once, or with its next heartbeat. One that is to run fewer lets those end that it runs. One that is paused finishes what it runs and puts back what it has taken ahead; it still keeps house: wakes delayed tasks, takes note of workers that die. All of it holds until the worker ends: the next one begins with its settings.',
        params: Id,
        body: Steering,
        response: {
          200: answer(WorkerBody, 'What it is to do is written down'),
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
      // Without a word it is warm.
      preValidation: async request => {
        request.body ??= {}
      },
      schema: {
        summary: 'End a worker',
        description:
          'It takes nothing new. `warm`: it lets everything end that it runs, however long that takes, and ends. `cold`: it stops what it runs, hands that back without counting it as a try, and ends; also after `warm`, when that takes too long. It ends as it does when it is told to stop by a signal, with the exit code 0. Whoever looks after it may start another in its place: `server`, the systemd units and the compose file do, so that there is always one; to have it do nothing, pause it.',
        params: Id,
        body: Ending,
        response: { 202: answer(WorkerBody, 'It is told to end'), ...writeProblems(WorkerNotFound, WorkerGone) }
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

/** One that was running when we looked has gone meanwhile. */
function goneAs(status: WorkerBody['status']) {
  return status === 'running' ? 'stopped' : status
}
