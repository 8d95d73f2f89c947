import type { Pool } from 'pg'
import { countTasks } from '../../src/tasks/counts/counts.ts'
import { histogram } from '../../src/tasks/counts/histogram.ts'
import { readFilters } from '../../src/tasks/listing/filters.ts'
import { listTasks } from '../../src/tasks/listing/list.ts'
import type { TaskFilters } from '../../src/tasks/listing/schemas.ts'
import { fillHistory, queues } from './history.ts'
import { openOwnDatabase } from './own-database.ts'
import { percentile } from './service.ts'

/**
 * What each read of the dashboard costs among a million tasks: finished ones of a month, and some that wait, run and
 * are to come.
 *
 *   node scripts/bench/pages.ts [tasks]
 */
const count = Number(process.argv[2] ?? 1_000_000)
const rounds = 10
const target = 50

const { db, load, close } = await openOwnDatabase()
const someId = '01980000-0000-7000-8000-00000000000b'
try {
  await load(fill)
  await measure()
} finally {
  await close()
}

async function fill(pool: Pool) {
  await pool.query(
    `insert into darkroom.tasks (
      id, task, queue, state, result_expires, name, tags, schedule_id, error, eta, created_at, started_at
    )
    select
      gen_random_uuid(), 'kind_' || n % 10, ($2::text[])[1 + n % 4],
      case when n % 300 = 0 then 'STARTED' when n % 30 = 0 then 'RETRY' else 'PENDING' end, 60, 'waiting ' || n,
      case when n % 100 = 0 then '{red}'::text[] else '{}' end, case when n % 50 = 0 then $3::uuid end,
      case when n % 30 = 0 then '{"type": "Error", "message": "rare"}'::jsonb end,
      case when n % 4 = 0 then now() + n * interval '1 second' end, now() - n * interval '1 second', now()
    from generate_series(1, $1::int) n`,
    [Math.floor(count / 40), queues, someId]
  )
  await fillHistory(pool, count)
}

async function measure() {
  const lists: [string, TaskFilters][] = [
    ['everything', {}],
    ['failed or cancelled', { status: 'FAILED,CANCELLED' }],
    ['all but completed', { status: '-COMPLETED' }],
    ['oldest', { order: 'oldest' }],
    ['two kinds of a queue', { task: 'kind_1,kind_2', queue: 'media' }],
    ['soonest of the scheduled', { status: 'SCHEDULED', order: 'soonest' }],
    ['soonest of all that wait', { state: 'PENDING,RETRY', order: 'soonest' }],
    ['longest of those that run', { status: 'PROCESSING', order: 'longest' }],
    ['scheduled', { status: 'SCHEDULED' }],
    ['pending', { status: 'PENDING' }],
    ['of a schedule', { schedule_id: someId }],
    ['of a film that has none', { video_id: someId }],
    ['failed by a part of the error', { status: 'FAILED', error: 'no' }],
    ['failed by an error that none has', { status: 'FAILED', error: 'nothing such' }],
    ['an error that none has', { error: 'nothing such' }],
    ['a rare error', { error: 'rare' }]
  ]
  for (const [what, filters] of lists) await time(`list: ${what}`, () => pages(filters))
  for (const [what, filters] of [...lists.slice(0, 5), lists[8]!, lists[12]!]) {
    const { order: _, ...rest } = filters
    await time(`counts: ${what}`, () => countTasks(db.pool, readFilters(rest, [])))
  }
  for (const hours of [1, 24]) {
    const from = new Date(Date.now() - hours * 3_600_000).toISOString()
    await time(`histogram of ${hours} hours`, () => histogram(db.pool, { from }, {}, []))
  }
  await search('a name that none has', { q: 'nothing such' })
  await search('a tag', { tag: 'blue' })
  await search('a long run', { ran_min: 60 })
  await search('a long wait', { waited_min: 600_000 })
  await search('longest of all', { order: 'longest' })
}

/** The first page and one further on. */
async function pages(filters: TaskFilters) {
  const { next_cursor } = await listTasks(db, filters)
  if (next_cursor) await listTasks(db, { ...filters, cursor: next_cursor })
}

async function time(what: string, read: () => Promise<unknown>) {
  const times: number[] = []
  // The first one prepares the statement.
  for (let round = 0; round <= rounds; round++) {
    const begun = performance.now()
    await read()
    if (round > 0) times.push(performance.now() - begun)
  }
  report(what, times, target)
}

/** A search that finds nothing, to its end: each answer within its time, each statement within a quarter of a second. */
async function search(what: string, filters: TaskFilters) {
  const statements: number[] = []
  const answers: number[] = []
  const query = async (...given: any) => {
    const begun = performance.now()
    const answer = await (db.pool.query as any)(...given)
    statements.push(performance.now() - begun)
    return answer
  }
  const timed = { ...db, pool: { query } } as unknown as typeof db
  let asked: TaskFilters | undefined = filters
  while (asked) {
    const begun = performance.now()
    const { next_cursor, searched_until }: Awaited<ReturnType<typeof listTasks>> = await listTasks(timed, asked)
    answers.push(performance.now() - begun)
    asked =
      searched_until !== null && next_cursor && filters.order === undefined
        ? { ...filters, cursor: next_cursor }
        : undefined
  }
  report(`search: ${what}, its statements`, statements, 250)
  report(`search: ${what}, ${answers.length} answers`, answers, 2_500)
}

function report(what: string, times: number[], limit: number) {
  const worst = Math.max(...times)
  const within = worst <= limit ? '' : `  MISSES ${limit} ms`
  console.log(`${what.padEnd(56)} p50 ${ms(percentile(times, 50))}  most ${ms(worst)}${within}`)
}

function ms(milliseconds: number) {
  return `${milliseconds.toFixed(1).padStart(7)} ms`
}
