import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { ErrorNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Nullable, Time } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { internalKinds } from '#tasks/internal.ts'
import { readWords } from '#tasks/listing/words.ts'
import { failuresAlike, groupErrors, mostFailures, parts } from './groups.ts'

const week = 7 * 86_400_000
const usualLimit = 100
// A fingerprint is among all groups.
const allGroups = mostFailures

const asked = {
  from: Type.Optional(Time('Failures since this time; of the last 7 days by default')),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: usualLimit, description: 'Items at most' }))
}
const Asked = Type.Object(
  {
    ...asked,
    task: Type.Optional(
      Type.String({ maxLength: 2_000, description: 'Only of these kinds: `a,b` is either, `-a,b` is none of them' })
    )
  },
  { additionalProperties: false }
)

const group = {
  fingerprint: Type.String({ description: 'Names the group: the same for the same kind, type and message' }),
  task: Type.String({ description: 'Kind' }),
  type: Nullable(Type.String({ description: 'Type of the error' })),
  message: Nullable(
    Type.String({ description: 'Message of the error; its numbers, ids and paths are `<n>`, `<id>` and `<path>`' })
  ),
  count: Type.Integer({ description: 'Tasks that failed so' }),
  first_at: Type.Unsafe<Date>(Time('When the first of them failed')),
  last_at: Type.Unsafe<Date>(Time('When the last of them failed')),
  sample: Type.String({ description: 'Id of the last of them' }),
  trend: Type.Array(Type.Integer(), {
    description: `How many failed in each of ${parts} equal parts of the time since \`from\`, the oldest first`
  })
}
const ErrorGroups = Type.Object({
  items: Type.Array(Type.Object(group, { title: 'ErrorGroup' }), { description: 'The most frequent first' })
})

const ErrorGroupInFull = Type.Object(
  {
    ...group,
    tasks: Type.Array(
      Type.Object({
        id: Type.String({ description: 'Id of the task' }),
        queue: Type.String({ description: 'Queue' }),
        worker: Nullable(Type.String({ description: 'Id of the worker of its last attempt' })),
        attempts: Type.Integer({ description: 'Attempts' }),
        finished_at: Type.Unsafe<Date>(Time('When it failed')),
        message: Nullable(Type.String({ description: 'Message of its error, in full' }))
      }),
      { description: 'Tasks that failed so, the newest first' }
    )
  },
  { title: 'ErrorGroupInFull' }
)

export const failureRoutes: FastifyPluginAsyncTypebox<{ db: Database }> = async (app, { db }) => {
  app.get(
    '/api/errors',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listErrors',
        summary: 'Failures that are alike',
        description: `By kind, type and message without its numbers, ids and paths. Looks at the newest ${mostFailures} failures of the time.`,
        querystring: Asked,
        response: { 200: answer(ErrorGroups, 'The groups'), ...readProblems() }
      }
    },
    async ({ query: { from, task, limit = usualLimit } }) => {
      const { only, not } = readWords(task)
      const which = { from: since(from), tasks: only, not: only ? not : [...not, ...internalKinds] }
      return { items: await groupErrors(db.pool, which, limit) }
    }
  )

  app.get(
    '/api/errors/:fingerprint',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getError',
        summary: 'Failures of a group',
        params: Type.Object({ fingerprint: Type.String({ description: 'Fingerprint of the group' }) }),
        querystring: Type.Object(asked, { additionalProperties: false }),
        response: { 200: answer(ErrorGroupInFull, 'The group, with its tasks'), ...readProblems(ErrorNotFound) }
      }
    },
    async ({ params: { fingerprint }, query: { from, limit = usualLimit } }) => {
      const which = { from: since(from), tasks: null, not: [] }
      const groups = await groupErrors(db.pool, which, allGroups)
      const found = groups.find(each => each.fingerprint === fingerprint)
      if (!found) throw new ErrorNotFound(fingerprint)
      return { ...found, tasks: await failuresAlike(db.pool, { ...which, tasks: [found.task] }, fingerprint, limit) }
    }
  )
}

function since(from: string | undefined) {
  return from === undefined ? new Date(Date.now() - week) : new Date(from)
}
