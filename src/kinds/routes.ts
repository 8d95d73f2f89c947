import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { answer } from '#schema/answers.ts'
import { readProblems } from '#schema/problems.ts'
import type { Kinds } from '#tasks/define.ts'
import { listKinds } from './list.ts'
import { KindList } from './schemas.ts'

export interface KindNeeds {
  db: Database
  kinds: Kinds
}

const Filter = Type.Object(
  { task: Type.Optional(Type.String({ description: 'Name of one kind; also finds internal ones' })) },
  { additionalProperties: false }
)

export const kindRoutes: FastifyPluginAsyncTypebox<KindNeeds> = async (app, { db, kinds }) => {
  app.get(
    '/api/kinds',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'listKinds',
        summary: 'Every kind of task',
        description:
          'What can be submitted, with the schema of its arguments. Internal kinds are left out unless `task` names them.',
        querystring: Filter,
        response: { 200: answer(KindList, 'All of them, by name'), ...readProblems() }
      }
    },
    async ({ query: { task } }) => ({ items: await listKinds(db.pool, kinds, task) })
  )
}
