import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import t from 'tap'
import { connect, throughIndexes } from '../../../src/database/connect.ts'
import { claim } from '../../../src/tasks/attempts/claim.ts'
import type { AttemptBody } from '../../../src/tasks/attempts/schemas.ts'
import { completeIn } from '../../../src/tasks/endings/complete.ts'
import type { Ending } from '../../../src/tasks/endings/ending.ts'
import { settle } from '../../../src/tasks/endings/settle.ts'
import { register } from '../../../src/workers/presence.ts'
import { openService } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'
import { until } from '../../harness/until.ts'

const TASKS_DIR = await taskFolder(t, {
  'flaky.ts': taskModule('flaky', `if (attempt <= 30) throw new Error('again'); return attempt`, 'max_retries: 30')
})

t.test('the attempts of a task that is retried again and again are always all listed, each once', async t => {
  const service = await openService(t, { env: { TASKS_DIR }, worker: true })
  const id = await service.submit('flaky')
  let over = false
  const finished = service.finished(id).finally(() => {
    over = true
  })

  async function look() {
    const seen: AttemptBody[][] = []
    while (!over) seen.push((await service.get(`/api/tasks/${id}/attempts`)).json().items)
    return seen
  }
  const lookers = await Promise.all([look(), look(), look()])

  t.match(await finished, { state: 'SUCCESS', attempts: 31 })
  for (const seen of lookers) {
    const wrong = seen.filter(
      (items, index) =>
        items.length < (seen[index - 1]?.length ?? 0) ||
        items.some(({ number }, index) => number !== index + 1) ||
        items.slice(0, -1).some(({ outcome }) => outcome !== 'failure')
    )
    t.strictSame(wrong, [])
    t.ok(new Set(seen.map(({ length }) => length)).size > 2, 'it looked meanwhile')
  }
})

for (const table of ['tasks', 'attempts']) {
  t.test(`an attempt that ends while the ${table} are waited for is there once`, async t => {
    const service = await openService(t)
    const db = connect(service.url, { name: 'test', max: 1, settings: throughIndexes })
    t.teardown(() => db.close())
    const worker = randomUUID()
    const pools = { child: ['add'], inline: [] }
    await register(db.pool, { id: worker, version: 'test', queues: ['default'], pools, concurrency: 1 })
    const id = await service.submit('add', { x: 1, y: 1 })
    const { claims } = await claim(db.pool, { worker, rooms: [{ queue: 'default', slots: 1 }], most: 1, keepers: [] })
    const { queue, place, attempt } = claims[0]!
    const look = async () => (await service.get(`/api/tasks/${id}/attempts`)).json().items
    t.match(await look(), [{ number: 1, outcome: null }])

    const looking = await db.query.transaction().execute(async trx => {
      await sql`lock table ${sql.table(`darkroom.${table}`)} in access exclusive mode`.execute(trx)
      const answer = look()
      const isWaiting = sql`
        select from pg_locks where not granted and relation = ${`darkroom.${table}`}::regclass
        and database = (select oid from pg_database where datname = current_database())`
      await until(async () => (await isWaiting.execute(trx)).rows.length, 'the question waits')
      const next = { state: 'SUCCESS' as const }
      await completeIn(trx, {
        ...{ id, queue, place, attempt, worker, next },
        started_at: new Date(),
        outcome: 'success',
        result: '2'
      })
      return [answer]
    })

    t.match(await looking[0], [{ number: 1, outcome: 'success' }])
    t.equal((await looking[0])!.length, 1)
  })
}

t.test('the stack trace of an attempt is shown with the attempt alone', async t => {
  const service = await openService(t)
  const worker = randomUUID()
  const pools = { child: ['add'], inline: [] }
  await register(service.db.pool, { id: worker, version: 'test', queues: ['default'], pools, concurrency: 1 })
  const id = await service.submit('add', { x: 1, y: 1 })
  const fail = async (ending: Partial<Ending>) => {
    const { claims } = await claim(service.db.pool, {
      worker,
      rooms: [{ queue: 'default', slots: 1 }],
      most: 1,
      keepers: []
    })
    const { queue, attempt } = claims[0]!
    const ours = { id, queue, attempt, worker, started_at: new Date() }
    await settle(service.db, [{ ...ours, outcome: 'failure', next: { state: 'FAILURE' }, ...ending }])
  }
  const error = { type: 'TypeError', message: 'no' }
  const stack = 'TypeError: no\n    at run (file:///tasks/a.ts:3:9)'

  await fail({ error, stack, next: { state: 'RETRY', delay: 0 } })
  await fail({ error })

  const { items } = (await service.get(`/api/tasks/${id}/attempts`)).json()
  t.strictSame(
    items.map(({ error }: AttemptBody) => error),
    [
      { ...error, stack },
      { ...error, stack: null }
    ]
  )
  t.strictSame((await service.get(`/api/tasks/${id}`)).json().error, error)
  const { rows } = await service.db.pool.query(`select error from darkroom.events where error ? 'stack'`)
  t.strictSame(rows, [])
})
