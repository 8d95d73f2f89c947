import { Kysely, PostgresDialect } from 'kysely'
import t from 'tap'
import { fill } from '../scripts/plans/fill.ts'
import { few, linesFor } from '../scripts/plans/lines.ts'
import { look } from '../scripts/plans/look.ts'
import { allStatements } from '../scripts/print-sql.ts'
import { connect, type Queries, throughIndexes } from '../src/database/connect.ts'
import type { Tables } from '../src/database/tables.ts'
import { listHistory } from '../src/doctor/history.ts'
import { turnsQueue } from '../src/queue/boss.ts'
import { findSchedule, listOccurrences, listSchedules } from '../src/schedules/queries.ts'
import { enqueueSql } from '../src/tasks/submit/enqueue.ts'
import { newId } from '../src/tasks/submit/id.ts'
import { findOpenTasks, findPrintsOf, lockFilm } from '../src/videos/queries.ts'
import { listVideos } from '../src/videos/read/list.ts'
import { findWebhook, listDeliveries, listWebhooks } from '../src/webhooks/queries.ts'
import { borrowDatabase } from './harness/database.ts'

const many = 20_000
const db = connect(await borrowDatabase(t), { name: 'plans', max: 2, settings: throughIndexes })
t.teardown(() => db.close())
const client = await db.pool.connect()
t.teardown(() => client.release())
const sample = await fill(client, many)
const lines = linesFor(sample)
const statements = await allStatements()

t.test('each statement of src/ has a line in scripts/plans/lines.ts, and each line is of one', async t => {
  t.strictSame(Object.keys(lines).sort(), statements.map(({ name }) => name).sort())
})

for (const { file, name, text } of statements) {
  const { values = [], most = few, because, whole = [], planless } = lines[name] ?? {}
  if (planless) continue
  t.test(`${file}: ${name} reads ${because ?? 'a few rows'}`, async t => {
    const { rows, plan, ...looked } = await look(client, text, values)

    t.strictSame(looked.whole, whole, plan)
    t.ok(rows <= most, `${rows} rows of at most ${most}\n${plan}`)
    if (most > few || whole.length > 0) t.ok(because, 'it says why')
  })
}

t.test('a job finds its place among those of other keys by reading a few rows', async t => {
  const task = {
    id: newId(),
    task: 'add',
    queue: turnsQueue,
    args: {},
    priority: 0,
    max_retries: 0,
    result_expires: 60
  }

  const { rows, whole, plan } = await look(client, enqueueSql, [JSON.stringify([{ ...task, created_by: 'shop' }])])

  t.strictSame(whole, [], plan)
  t.ok(rows <= few, `${rows} rows\n${plan}`)
})

/** The statements that Kysely makes of a call. */
async function madeBy(call: (query: Queries) => Promise<unknown>) {
  const made: { text: string; values: unknown[] }[] = []
  const query = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: db.pool }),
    log({ query: { sql, parameters } }) {
      if (!/^(begin|commit)$/.test(sql)) made.push({ text: sql, values: [...parameters] })
    }
  })
  await call(query.withSchema('darkroom'))
  return made
}

const { film, schedule, webhook } = sample
const calls: Record<string, (query: Queries) => Promise<unknown>> = {
  'a list of schedules': query => listSchedules({ ...db, query }, {}),
  'a schedule by its id': query => findSchedule(query, schedule),
  'a schedule by its name': query => findSchedule(query, 'schedule 7'),
  'the occurrences of a schedule': query => listOccurrences({ ...db, query }, schedule, 50),
  'the problems that were': query => listHistory({ ...db, query }, { state: 'closed' }),
  'a list of webhooks': query => listWebhooks({ ...db, query }, {}),
  'a webhook by its id': query => findWebhook(query, webhook),
  'the deliveries of a webhook': query => listDeliveries({ ...db, query }, webhook, {}),
  'a list of films': query => listVideos({ ...db, query }, {}),
  'open tasks of a film': query => query.transaction().execute(trx => findOpenTasks(trx, film)),
  'the prints of equal bytes': query => findPrintsOf({ ...db, query }, { sha256: 'x', bytes: 1000 }),
  'a film with a lock': query => query.transaction().execute(trx => lockFilm(trx, film))
}
for (const [what, call] of Object.entries(calls)) {
  t.test(`${what}, of which Kysely makes the statement, reads a few rows`, async t => {
    const made = await madeBy(call)

    t.ok(made.length > 0)
    for (const { text, values } of made) {
      const { rows, whole, plan } = await look(client, text, values)
      t.strictSame(whole, [], plan)
      // A film is read with its prints and its tasks.
      const most = text.includes('"videos"') ? 51 * 40 : few
      t.ok(rows <= most, `${rows} rows\n${plan}`)
    }
  })
}
