import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type TSchema, Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { listQueueNames } from '#queue/names.ts'
import { answer } from '#schema/answers.ts'
import { Nullable, Time } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { isCount, metrics, metricsOf } from './metrics.ts'
import { mostPoints, rangeOf } from './range.ts'
import { minutesKept } from './retention.ts'
import { mostItems, readSeries } from './series.ts'

const names = Object.keys(metrics) as (keyof typeof metrics)[]

const Asked = Type.Object(
  {
    metric: Type.Optional(
      Type.String({
        maxLength: 500,
        description: `What to draw: names with commas between, of ${names.map(name => `\`${name}\``).join(', ')}; \`created,succeeded,failed\` by default`,
        examples: ['created,succeeded,run_p95']
      })
    ),
    by: Type.Optional(
      Type.Enum(['queue', 'task'], { description: 'A line for each queue or each kind, instead of one for all' })
    ),
    from: Type.Optional(Time('Begin; an hour before `to` by default')),
    to: Type.Optional(Time('End; now by default, and at the latest')),
    step: Type.Optional(
      Type.Integer({
        minimum: 60,
        maximum: 31_536_000,
        description: `Seconds of a point, a multiple of 60, or of 3600 where hours are read; by default 60, and more for long ranges. At most ${mostPoints} points, and ${mostItems} items`
      })
    )
  },
  { additionalProperties: false }
)

const Value = (name: keyof typeof metrics): TSchema =>
  isCount(name) ? Type.Integer({ description: metrics[name] }) : Nullable(Type.Number({ description: metrics[name] }))

const Series = Type.Object({
  items: Type.Array(
    Type.Unsafe<object>(
      Type.Object(
        {
          at: Time('Its begin, a multiple of `step`'),
          queue: Type.Optional(Type.String({ description: 'Its queue, with `by=queue`' })),
          task: Type.Optional(Type.String({ description: 'Its kind, with `by=task`' })),
          ...Object.fromEntries(names.map(name => [name, Type.Optional(Value(name))]))
        },
        {
          title: 'Point',
          examples: [{ at: '2030-01-31T09:00:00.000Z', created: 12, succeeded: 11, failed: 0, run_p95: 1.8 }]
        }
      )
    ),
    { description: 'By time; points at which nothing happened have counts of 0, and null for all else' }
  ),
  step: Type.Integer({ description: 'Seconds of a point' })
})

export const statsRoutes: FastifyPluginAsyncTypebox<{ db: Database }> = async (app, { db }) => {
  app.get(
    '/api/stats/series',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getSeries',
        summary: 'Counts, waits, run times and depths over time',
        description: `By minutes for up to ${minutesKept} hours, by hours beyond that. Numbers are up to ten seconds late. Tasks of internal kinds are not counted; \`depth\` and \`oldest\` include them.`,
        querystring: Asked,
        response: { 200: answer(Series, 'A point for each step, and for each queue or kind'), ...readProblems() }
      }
    },
    async ({ query: { metric, by, ...asked } }) => {
      const wanted = metricsOf(metric, by)
      const range = rangeOf(asked, await databaseTime(db))
      const always = by === undefined ? [''] : by === 'queue' ? await listQueueNames(db) : []
      return { items: await readSeries(db.pool, { metrics: wanted, by, range, always }), step: range.step / 1000 }
    }
  )
}

/** Minutes are those of the database's clock. */
async function databaseTime({ pool }: Database) {
  return (await pool.query<{ now: Date }>('select now()')).rows[0]!.now.getTime()
}
