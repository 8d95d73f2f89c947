import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type TSchema, Type } from 'typebox'
import { sightOf } from '#access/principal.ts'
import type { Database } from '#database/connect.ts'
import { answer } from '#schema/answers.ts'
import { refuse } from '#schema/check.ts'
import { Nullable, Time } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { type CountTasks, type Dimension, dimensions } from '#tasks/counts/counter.ts'
import { histogram, mostBuckets, usualBuckets } from '#tasks/counts/histogram.ts'
import { internalKinds } from '#tasks/internal.ts'
import { taskFilters } from '#tasks/listing/schemas.ts'
import { statuses } from '#tasks/words.ts'

const searched_until = Nullable(
  Time('Where the time ran out, so that only newer tasks are counted; null if all that fit are')
)

const CountQuery = Type.Object(
  {
    by: Type.Optional(
      Type.String({
        maxLength: 100,
        description: 'What to count by: any of `status`, `queue`, `task`, with commas between; `status` by default',
        examples: ['status,queue']
      })
    ),
    ...taskFilters
  },
  { additionalProperties: false }
)

const Counts = Type.Object({
  items: Type.Array(
    Type.Object(
      {
        status: Type.Optional(Type.Enum(statuses, { description: 'Status, with `by=status`' })),
        queue: Type.Optional(Type.String({ description: 'Queue, with `by=queue`' })),
        task: Type.Optional(Type.String({ description: 'Kind, with `by=task`' })),
        count: Type.Integer({ description: 'Number of tasks' }),
        exact: Type.Boolean({
          description: 'Whether that is their number; else about so many, or with `searched_until` at least'
        })
      },
      { title: 'Count', examples: [{ status: 'FAILED', queue: 'media', count: 3, exact: true }] }
    ),
    { description: 'Those that are not 0; by `status` alone each status' }
  ),
  as_of: Time('When they were counted: the same question is asked once in a second'),
  searched_until
})

const HistogramQuery = Type.Object(
  {
    from: Type.Optional(Time('Begin; 24 hours before `to` by default')),
    to: Type.Optional(Time('End; now by default')),
    buckets: Type.Optional(
      Type.Integer({ minimum: 1, maximum: mostBuckets, default: usualBuckets, description: 'Number of items' })
    ),
    ...taskFilters
  },
  { additionalProperties: false }
)

const Histogram = Type.Object({
  items: Type.Array(
    Type.Unsafe<object>(
      Type.Object(
        {
          at: Time('Its begin'),
          ...Object.fromEntries(
            statuses.map((status): [string, TSchema] => [
              status,
              Type.Optional(
                Type.Integer({ description: 'Tasks of this status; left out where the filters exclude it' })
              )
            ])
          )
        },
        { title: 'Bucket', examples: [{ at: '2030-01-31T09:00:00.000Z', COMPLETED: 12, FAILED: 1 }] }
      )
    ),
    { description: 'By time' }
  ),
  step: Type.Number({ description: 'Seconds of an item' }),
  searched_until
})

interface CountNeeds {
  reads: Database
  count: CountTasks
}

/** Numbers of tasks, for the pages around a list. */
export const countRoutes: FastifyPluginAsyncTypebox<CountNeeds> = async (app, { reads, count }) => {
  app.get(
    '/api/tasks/counts',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'countTasks',
        summary: 'Numbers of tasks',
        description:
          'Takes the filters of the list. Small numbers are exact; very large ones are what Postgres estimates. With a filter that no index answers tasks are counted for about a second.',
        querystring: CountQuery,
        response: { 200: answer(Counts, 'The numbers'), ...readProblems() }
      }
    },
    async ({ query: { by, ...filters }, principal }) => count(filters, dimensionsOf(by), sightOf(principal))
  )

  app.get(
    '/api/tasks/histogram',
    {
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'getTaskHistogram',
        summary: 'Numbers of tasks by time of submission and status',
        description: 'Takes the filters of the list. Counts for about a second, newest first.',
        querystring: HistogramQuery,
        response: { 200: answer(Histogram, 'Each part of the time'), ...readProblems() }
      }
    },
    async ({ query: { from, to, buckets, ...filters }, principal }) =>
      histogram(reads.pool, { from, to, buckets }, filters, internalKinds, undefined, sightOf(principal))
  )
}

function dimensionsOf(by = 'status'): Dimension[] {
  const names = [...new Set(by.split(','))]
  if (names.some(name => !(dimensions as readonly string[]).includes(name))) {
    throw refuse([{ field: 'by', message: `must be of ${dimensions.join(', ')}, with commas between` }])
  }
  return names as Dimension[]
}
