import type { Pool } from 'pg'
import { refuse } from '#schema/check.ts'
import { internalKinds } from '#tasks/internal.ts'
import { bucketCount } from './buckets.ts'
import { type By, isCount, isDepth, isPercentile, type Metric } from './metrics.ts'
import type { Range } from './range.ts'

/** Values of a bucket; `queue` or `task` where they are told apart. */
export type Point = { at: string; queue?: string; task?: string } & Partial<Record<Metric, number | null>>

interface Row extends Partial<Record<Metric, number | null>> {
  at: number
  name: string
}

/** Items of an answer. */
export const mostItems = 15_000

// $1 and $2: the range; $3: step in seconds; $4: by what; $5: whether to read hours. An hour that is not summed up yet
// is read as its minutes.
const edge = (hours: string) =>
  `case when $5 then coalesce((select max(hour) + interval '1 hour' from darkroom.${hours}), '-infinity') else '-infinity' end`
const bucketed = (time: string) => `(floor(extract(epoch from ${time}) / $3::int) * $3)::float8`
const named = `case $4::text when 'queue' then queue when 'task' then task else '' end`

const rows = (columns: string) => `
  select hour as minute, task, queue, ${columns} from darkroom.hours
  where $5::boolean and hour >= $1::timestamptz and hour < $2::timestamptz and hour < ${edge('hours')}
    and task <> all($6::text[])
  union all
  select minute, task, queue, ${columns} from darkroom.minutes
  where minute >= $1 and minute < $2 and minute >= ${edge('hours')} and task <> all($6)`

export const seriesOfCountsSql = `
select
  ${bucketed('minute')} as at, ${named} as name, sum(created)::float8 as created, sum(succeeded)::float8 as succeeded,
  sum(failed)::float8 as failed, sum(retried)::float8 as retried, sum(cancelled)::float8 as cancelled
from (${rows('created, succeeded, failed, retried, cancelled')}
) row
group by 1, 2
limit ${mostItems + 1}`

// Twenty-one sums take a twentieth of the time of an aggregate of arrays. Capped, because a histogram has int.
const summed = (hist: string) => {
  const sums = Array.from(
    { length: bucketCount },
    (_, bucket) => `least(coalesce(sum(${hist}[${bucket + 1}]), 0), 2147483647)`
  )
  return `array[${sums.join(', ')}]::int[] as ${hist}`
}
const percentile = (name: string, hist: string, p: number) =>
  `case when '${name}' = any($7::text[]) then darkroom.percentile_of(${hist}, ${p}) end as ${name}`

export const seriesOfPercentilesSql = `
select
  at, name, ${percentile('wait_p50', 'wait_hist', 0.5)}, ${percentile('wait_p95', 'wait_hist', 0.95)},
  ${percentile('run_p50', 'run_hist', 0.5)}, ${percentile('run_p95', 'run_hist', 0.95)}
from (
  select
    ${bucketed('minute')} as at, ${named} as name,
    ${summed('wait_hist')},
    ${summed('run_hist')}
  from (${rows('wait_hist, run_hist')}
  ) row
  group by 1, 2
  limit ${mostItems + 1}
) bucket`

export const seriesOfDepthsSql = `
select ${bucketed('minute')} as at, name, max(depth)::float8 as depth, max(oldest) as oldest
from (
  select minute, case $4::text when 'queue' then queue else '' end as name, sum(depth) as depth, max(oldest) as oldest
  from (
    select hour as minute, queue, depth, oldest from darkroom.queue_hours
    where $5::boolean and hour >= $1::timestamptz and hour < $2::timestamptz and hour < ${edge('queue_hours')}
    union all
    select minute, queue, depth, oldest from darkroom.queue_minutes
    where minute >= $1 and minute < $2 and minute >= ${edge('queue_hours')}
  ) row
  group by 1, 2
) together
group by 1, 2
limit ${mostItems + 1}`

interface Question {
  metrics: Metric[]
  by: By | undefined
  range: Range
  /** Names that are in the answer also where nothing happened. */
  always: string[]
}

/** Every bucket of the range, also where nothing happened: counts are 0 then, all else is null. By time, then name. */
export async function readSeries(pool: Pool, { metrics, by, range, always }: Question): Promise<Point[]> {
  const where = [new Date(range.from), new Date(range.to), range.step / 1000, by ?? null, range.hours]
  const statements: { text: string; values: unknown[] }[] = []
  if (metrics.some(isCount)) statements.push({ text: seriesOfCountsSql, values: [...where, internalKinds] })
  if (metrics.some(isPercentile)) {
    statements.push({ text: seriesOfPercentilesSql, values: [...where, internalKinds, metrics] })
  }
  if (metrics.some(isDepth)) statements.push({ text: seriesOfDepthsSql, values: where })
  const found = (await Promise.all(statements.map(statement => pool.query<Row>(statement)))).flatMap(({ rows }) => rows)

  const names = [...new Set([...always, ...found.map(({ name }) => name)])].toSorted()
  const items = names.length * range.points
  if (items > mostItems) {
    const message = `must be larger: ${names.length} ${by === 'task' ? 'kinds' : 'queues'} with ${range.points} points each are ${items} items, and ${mostItems} is the limit`
    throw refuse([{ field: 'step', message }])
  }
  return pointsOf(found, names, { metrics, by, range })
}

function pointsOf(found: Row[], names: string[], { metrics, by, range }: Omit<Question, 'always'>): Point[] {
  const rowsAt = new Map<string, Row>()
  for (const row of found) {
    const key = `${row.at} ${row.name}`
    rowsAt.set(key, { ...rowsAt.get(key), ...row })
  }
  return Array.from({ length: range.points }, (_, index) => range.from + index * range.step).flatMap(at =>
    names.map(name => {
      const row = rowsAt.get(`${at / 1000} ${name}`)
      const values = metrics.map(metric => [metric, row?.[metric] ?? (isCount(metric) ? 0 : null)])
      return { at: new Date(at).toISOString(), ...(by && { [by]: name }), ...Object.fromEntries(values) }
    })
  )
}
