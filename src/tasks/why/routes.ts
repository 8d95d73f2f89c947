import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { TaskNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id, Nullable, Time } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { mustSeeTask } from '#tasks/read/sight.ts'
import { actionsFor } from './actions.ts'
import { codes, why } from './why.ts'

export const ActionBody = Type.Object({
  label: Type.String({ description: 'Text for a button' }),
  method: Type.String({ description: 'Method of the request' }),
  url: Type.String({ description: 'Path of the request, from the root of the API' }),
  scope: Type.String({ description: 'Scope that a key needs for it' }),
  body: Type.Optional(
    Type.Object({}, { additionalProperties: true, description: 'JSON body of the request, if it needs one' })
  )
})

export const WhyBody = Type.Object(
  {
    code: Type.Enum(codes, { description: 'What the task waits for; its meaning never changes' }),
    sentence: Type.String({ description: 'The same for people, with names, numbers and the remedy' }),
    since: Type.Unsafe<Date | null>(Nullable(Time('When the code began to hold'))),
    until: Type.Unsafe<Date | null>(Nullable(Time('When that ends by itself, if known'))),
    actions: Type.Array(ActionBody, { description: 'Requests that would change it, the remedy first' })
  },
  {
    title: 'Why',
    examples: [
      {
        code: 'queue_paused',
        sentence: 'The queue "media" is paused since 2026-11-02 12:00:03 UTC; resume it',
        since: '2026-11-02T12:00:03.000Z',
        until: null,
        actions: [
          { label: 'Resume queue media', method: 'POST', url: '/api/queues/media/resume', scope: 'operate' },
          {
            label: 'Cancel',
            method: 'POST',
            url: '/api/tasks/01980000-0000-7000-8000-000000000002/cancel',
            scope: 'operate'
          }
        ]
      }
    ]
  }
)

export type WhyBody = Static<typeof WhyBody>

export const whyRoutes: FastifyPluginAsyncTypebox<{ db: Database }> = async (app, { db }) => {
  app.get(
    '/api/tasks/:id/why',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'explainTask',
        summary: 'Why a task does not run',
        description: 'What the task waits for and what can be done about it; or that it runs, or has ended.',
        params: Id,
        response: { 200: answer(WhyBody, 'Code, sentence and remedies'), ...readProblems(TaskNotFound) }
      }
    },
    async ({ params: { id }, principal }) => {
      await mustSeeTask(db.pool, principal, id)
      const reason = await why(db.pool, id)
      if (!reason) throw new TaskNotFound(id)
      const { code, sentence, since, until } = reason
      return { code, sentence, since, until, actions: actionsFor(id, reason) }
    }
  )
}
