import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { sightOf } from '#access/principal.ts'
import type { Database } from '#database/connect.ts'
import { InvalidCursor } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { readProblems } from '#schema/problems.ts'
import { internalKinds } from '#tasks/internal.ts'
import { listTasks } from '#tasks/listing/list.ts'
import { TaskFilters } from '#tasks/listing/schemas.ts'
import { TaskPage } from '#tasks/schemas.ts'

export const listRoute: FastifyPluginAsyncTypebox<{ reads: Database }> = async (app, { reads }) => {
  app.get(
    '/api/tasks',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'listTasks',
        summary: 'Tasks, newest first',
        description:
          'A filter takes several values: `a,b` is either, `-a,b` is none of them; a backslash takes the next character as it is. What no index answers (`status` of `PENDING` or `SCHEDULED` alone, `worker`, `tag`, `q`, `error`, `attempts_min`, `ran_min`, `waited_min`, and the orders `soonest` and `longest`) is searched for about 2 s, and `searched_until` says how far it came. A page whose tasks would have more than 8 MiB of arguments and results has fewer; `next_cursor` goes on. Tasks of internal kinds are left out, unless `task` names one.',
        querystring: TaskFilters,
        response: { 200: answer(TaskPage, 'A page of tasks'), ...readProblems(InvalidCursor) }
      }
    },
    async ({ query, principal }) => listTasks(reads, query, internalKinds, undefined, sightOf(principal))
  )
}
