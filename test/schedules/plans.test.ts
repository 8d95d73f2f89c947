import t from 'tap'
import { connect, throughIndexes } from '../../src/database/connect.ts'
import { removeOccurrencesSql } from '../../src/schedules/acts/remove.ts'
import { findUnarmedSql } from '../../src/schedules/firing/alarms.ts'
import { lookSql } from '../../src/schedules/firing/clock.ts'
import { lockDueSql } from '../../src/schedules/firing/fire.ts'
import { findDueSql } from '../../src/schedules/firing/firing.ts'
import { findUnplannedSql } from '../../src/schedules/firing/plan.ts'
import { removeOldOccurrencesSql } from '../../src/schedules/tasks/expire-occurrences.ts'
import { openService } from '../harness/service.ts'

const many = 5_000
const few = 10
const service = await openService(t)
const db = connect(service.url, { name: 'test', max: 1, settings: throughIndexes })
t.teardown(() => db.close())

interface Plan {
  'Rows Removed by Filter'?: number
  'Actual Loops': number
  'Actual Rows': number
  'Node Type': string
  Plans?: Plan[]
}

/** Rows that a statement looks at, whether it takes them or not. */
async function looksAt(statement: string, values: unknown[]) {
  const client = await db.pool.connect()
  try {
    await client.query('begin')
    const { rows } = await client.query(`explain (analyze, format json) ${statement}`, values)
    return looked(rows[0]['QUERY PLAN'][0].Plan)
  } finally {
    await client.query('rollback')
    client.release()
  }
}

function looked(plan: Plan): number {
  const isScan = plan['Node Type'].includes('Scan')
  const own = isScan ? ((plan['Rows Removed by Filter'] ?? 0) + plan['Actual Rows']) * plan['Actual Loops'] : 0
  return own + (plan.Plans ?? []).reduce((sum, each) => sum + looked(each), 0)
}

// Most are planned and have their alarm; a few of each other kind.
await db.pool.query(
  `insert into darkroom.schedules (id, name, task, every, next_run_at, planned_at, armed_for)
  select gen_random_uuid(), n, 'add', 3600, at, case when n % 3 = 1 or n > $2 then now() end, case when n > $2 or n % 3 = 2 then at end
  from (
    select n, now() + case when n > $2 then interval '1 hour' else interval '-1 second' end as at
    from generate_series(1, $1::int) n
  ) each`,
  [many, few * 3]
)
await db.pool.query(
  `insert into pgboss.job (name, data, start_after) select 'due', '{}', now() + interval '1 hour' from generate_series(1, $1::int)`,
  [many]
)
const { rows: ids } = await db.pool.query('select id from darkroom.schedules limit 2')
await db.pool.query(
  `insert into darkroom.occurrences (schedule_id, due_at, outcome, reason, decided_at)
  select id, now() - n * interval '1 s', 'skipped', 'missed', now() - case when n <= $3 then interval '2 days' else interval '0' end
  from unnest($1::uuid[]) id, generate_series(1, $2::int) n`,
  [ids.map(({ id }) => id), many, few]
)

const statements: [string, string, unknown[]][] = [
  ['what there is to do', lookSql, [[]]],
  ['what is due', lockDueSql, [200, [], null]],
  ['what is due, one by one', findDueSql, [[], 200]],
  ['schedules without an alarm', findUnarmedSql, []],
  ['schedules without a plan', findUnplannedSql, []],
  ['old occurrences', removeOldOccurrencesSql, [86_400]]
]
for (const situation of ['before the tables were looked at', 'afterwards']) {
  t.test(`what is rare is found among any number of others, ${situation}`, async t => {
    for (const [what, statement, values] of statements) {
      const rows = await looksAt(statement, values)
      t.ok(rows < many / 4, `${what}: ${rows} rows`)
    }
    await db.pool.query('vacuum analyze darkroom.schedules, darkroom.occurrences')
  })
}

t.test('occurrences of a schedule are removed in batches, without a look at those of others', async t => {
  const rows = await looksAt(removeOccurrencesSql, [ids[0].id])

  t.ok(rows <= many * 3, `${rows} rows for ${many}`)
})
