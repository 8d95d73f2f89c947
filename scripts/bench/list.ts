import { listTasks } from '../../src/tasks/listing/list.ts'
import type { TaskFilters } from '../../src/tasks/listing/schemas.ts'
import { days, fillHistory, kinds, queues } from './history.ts'
import { openOwnDatabase } from './own-database.ts'
import { percentile } from './service.ts'

/**
 * What a page of the list costs among a million finished tasks, for every combination of state, kind, queue and time:
 * the first page and one further on, 50 tasks each, results included.
 *
 *   node scripts/bench/list.ts [tasks]
 */
const count = Number(process.argv[2] ?? 1_000_000)
const rounds = 25
const target = 20

const { db, load, close } = await openOwnDatabase()
try {
  await load(pool => fillHistory(pool, count))
  await measure()
} finally {
  await close()
}

async function measure() {
  const all: number[] = []
  let worst = 0
  for (const state of [undefined, 'SUCCESS', 'FAILURE', 'REVOKED'] as const) {
    for (const byKind of [false, true]) {
      for (const byQueue of [false, true]) {
        for (const times of ['', 'after', 'before', 'between']) {
          const filters = () => ({
            ...(state && { state }),
            ...(byKind && { task: oneOf(kinds) }),
            ...(byQueue && { queue: oneOf(queues) }),
            ...between(times)
          })
          await page(filters())
          const waits: number[] = []
          let found = 0
          for (let round = 0; round < rounds; round++) {
            const asked = filters()
            const first = await page(asked, waits)
            found = Math.max(found, first.items.length)
            if (first.next_cursor) await page({ ...asked, cursor: first.next_cursor }, waits)
          }
          const name = [state, byKind && 'kind', byQueue && 'queue', times && `created ${times}`]
            .filter(Boolean)
            .join(', ')
          const [p50, p95] = [percentile(waits, 50), percentile(waits, 95)]
          console.log(`${(name || 'everything').padEnd(44)} p50 ${ms(p50)}  p95 ${ms(p95)}  (up to ${found} found)`)
          worst = Math.max(worst, p95)
          all.push(...waits)
        }
      }
    }
  }
  console.log(
    `all of them: p50 ${ms(percentile(all, 50))}, p95 ${ms(percentile(all, 95))}, worst p95 of a combination ${ms(worst)}` +
      ` (${worst <= target ? 'within' : 'MISSES'} ${target} ms)`
  )
}

async function page(filters: TaskFilters, waits: number[] = []) {
  const begun = performance.now()
  const answer = await listTasks(db, filters)
  waits.push(performance.now() - begun)
  return answer
}

function between(times: string) {
  const [early, late] = [Math.random() * days, Math.random() * days].sort((one, other) => other - one)
  return {
    ...((times === 'after' || times === 'between') && { created_after: daysAgo(early!) }),
    ...((times === 'before' || times === 'between') && { created_before: daysAgo(late!) })
  }
}

function daysAgo(days: number) {
  return new Date(Date.now() - days * 86_400_000).toISOString()
}

function oneOf<Each>(some: Each[]) {
  return some[Math.floor(Math.random() * some.length)]!
}

function ms(milliseconds: number) {
  return `${milliseconds.toFixed(1).padStart(6)} ms`
}
