import pg from 'pg'
import t from 'tap'
import { allStatements } from '../../scripts/print-sql.ts'
import { appUrlOf } from '../harness/cluster.ts'
import { borrowDatabase } from '../harness/database.ts'

const client = new pg.Client({ connectionString: await appUrlOf(await borrowDatabase(t)) })
await client.connect()
t.teardown(() => client.end())

t.test('the role of API and workers may send each of their statements', async t => {
  const plannable = (await allStatements()).filter(({ text }) => /^\s*(with|select|insert|update|delete)\b/i.test(text))
  t.ok(plannable.length > 100)

  for (const { file, name, text } of plannable) {
    // Postgres checks the rights of a statement before it explains it.
    const refused = await client.query(`explain (generic_plan) ${text}`).then(
      () => undefined,
      error => (error.code === '42501' ? error.message : undefined)
    )
    t.equal(refused, undefined, `${file}: ${name}`)
  }
})
