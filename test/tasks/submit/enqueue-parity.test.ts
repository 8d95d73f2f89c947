import t from 'tap'
import { never } from '../../../src/queue/boss.ts'
import { openPgBoss } from '../../harness/pg-boss.ts'
import { openService } from '../../harness/service.ts'

t.test("a task's job is the job that pg-boss would have written", async t => {
  const service = await openService(t)
  const boss = await openPgBoss(t, service)
  const eta = '2999-01-01T00:00:00.000Z'
  const common = { deleteAfterSeconds: 86_400, expireInSeconds: 1_000, retryLimit: 5 }
  const cases = {
    plain: { queue: 'default', submission: {}, options: {} },
    'with a priority': { queue: 'high_priority', submission: { priority: 7 }, options: { priority: 7 } },
    'with an expiry of its result': {
      queue: 'default',
      submission: { result_expires: 99 },
      options: { deleteAfterSeconds: 99 }
    },
    'with a time to come': { queue: 'delayed', submission: { eta }, options: { startAfter: eta } },
    'with a time to come in seconds': { queue: 'delayed', submission: { countdown: 600 }, options: { startAfter: 600 } }
  }
  const { rows: columns } = await service.db.pool.query(
    `select column_name from information_schema.columns where table_schema = 'pgboss' and table_name = 'job'`
  )
  const row = async (id: string) => {
    const { rows } = await service.db.pool.query(
      `select j.*, j.start_after = j.created_on as at_once, j.start_after - j.created_on as delay,
        j.keep_until = 'infinity' as kept
      from pgboss.job j where id = $1`,
      [id]
    )
    t.equal(rows.length, 1)
    return rows[0]
  }

  // Intended differences, and why.
  const intended: Record<string, unknown> = {
    // Each job has its own.
    id: undefined,
    created_on: undefined,
    // Compared as a delay.
    start_after: undefined,
    // Retries and time limits are decided by the runner.
    retry_limit: never,
    expire_seconds: never,
    // A job that waits is never forgotten, however long it waits.
    keep_until: undefined
  }

  for (const [what, { queue, submission, options }] of Object.entries(cases)) {
    t.test(what, async t => {
      const id = await service.submit(
        'add',
        { x: 1, y: 2 },
        queue === 'delayed' ? submission : { ...submission, queue }
      )
      const [theirs] = (await boss.insert(queue, [{ data: { task: 'add' }, ...common, ...options }], {
        returnId: true
      } as never)) as unknown as string[]

      const ours = await row(id)
      const expected = await row(theirs!)

      t.equal(ours.name, queue)
      for (const { column_name: column } of columns) {
        if (column in intended) {
          if (intended[column] !== undefined) t.strictSame(ours[column], intended[column], column)
        } else t.strictSame(ours[column], expected[column], column)
      }
      t.ok(ours.kept)
      t.equal(ours.at_once, expected.at_once)
      if ('countdown' in submission) t.strictSame(ours.delay, expected.delay)
      if ('eta' in submission) t.strictSame(ours.start_after, expected.start_after)
    })
  }

  t.test("and pg-boss's functions work on it as on its own", async t => {
    const id = await service.submit('add', { x: 1, y: 2 }, { queue: 'low_priority' })

    const [job] = await boss.fetch('low_priority', { includeMetadata: true })

    t.equal(job!.id, id)
    t.strictSame(job!.data, { task: 'add' })
    await boss.complete('low_priority', id, { done: true })
    t.match(await boss.getJobById('low_priority', id), { state: 'completed', output: { done: true } })
  })
})
