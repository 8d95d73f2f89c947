import path from 'node:path'
import t from 'tap'
import { openPgBoss } from '../harness/pg-boss.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'

const pairs = {
  created: 'PENDING',
  active: 'STARTED',
  retry: 'RETRY',
  completed: 'SUCCESS',
  failed: 'FAILURE',
  cancelled: 'REVOKED'
} as const

const folder = await taskFolder(t, {
  'gate.ts': taskModule(
    'gate',
    `const { existsSync } = await import('node:fs')
     while (!existsSync(args.gate + attempt)) await delay(20, undefined, { signal })
     if (attempt <= args.failures) throw new Error('attempt ' + attempt)
     return { attempt }`
  )
})

t.test('at each commit a task and its job agree, for pg-boss too', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder, WORKER_CONCURRENCY: '6' } })
  const boss = await openPgBoss(t, service)
  // A trigger of the database records every pair that a commit leaves behind, so none in between is missed.
  await service.db.pool.query(`
    create table public.seen (id uuid, job text, task text, queue text, at serial);
    create function public.note() returns trigger language plpgsql security definer as $$
    begin
      insert into public.seen (id, job, task, queue)
      select t.id, j.state, t.state, j.name from darkroom.tasks t left join pgboss.job j on j.id = t.id
      where t.id = new.id;
      return null;
    end $$;
    create constraint trigger note after insert or update on darkroom.tasks
      deferrable initially deferred for each row execute function public.note();
  `)
  const { rows: jobTables } = await service.db.pool.query(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'pgboss.job'::regclass`
  )
  for (const { name } of jobTables) {
    await service.db.pool.query(`
      create constraint trigger note after insert or update on ${name}
      deferrable initially deferred for each row execute function public.note()`)
  }
  const gate = path.join(service.dataDir, 'gate')
  const open = async (id: string, attempt: number) =>
    (await import('node:fs/promises')).writeFile(`${gate}-${id}-${attempt}`, '')
  const submit = async (name: string, failures: number, options = {}) =>
    service.submit('gate', { gate: `${gate}-${name}-`, failures }, { retry_backoff: false, ...options })
  const agrees = async (id: string, state: string) => {
    const { rows } = await service.db.pool.query(
      'select j.name, j.state, t.state as task from darkroom.tasks t join pgboss.job j on j.id = t.id where t.id = $1',
      [id]
    )
    t.equal(rows.length, 1, 'there is one job')
    t.equal(rows[0].task, state)
    t.equal(pairs[rows[0].state as keyof typeof pairs], state)
    const [job] = await boss.findJobs(rows[0].name, { id })
    t.equal(job!.state, rows[0].state, 'pg-boss finds it')
    return job!
  }

  const success = await submit('success', 0)
  const delayed = await submit('delayed', 0, { countdown: 600 })
  const retried = await submit('retried', 1, { retry_delay: 600 })
  const atOnce = await submit('at-once', 1, { retry_delay: 0 })
  const failed = await submit('failed', 1, { max_retries: 0 })
  const revoked = await submit('revoked', 0)
  const expired = await submit('expired', 0, { expires: 0 })
  await agrees(success, 'PENDING')
  await agrees(delayed, 'PENDING')

  await service.startWorker()
  for (const id of [success, retried, atOnce, failed, revoked]) {
    await service.until(id, ({ state }) => state === 'STARTED')
    await agrees(id, 'STARTED')
  }
  await service.until(expired, ({ state }) => state === 'REVOKED')
  await agrees(expired, 'REVOKED')

  await Promise.all(['success', 'retried', 'at-once', 'failed'].map(name => open(name, 1)))
  await service.until(retried, ({ state }) => state === 'RETRY')
  const waiting = await agrees(retried, 'RETRY')
  t.ok(waiting.startAfter.getTime() > Date.now() + 500_000, 'pg-boss says when it is tried again')
  await open('at-once', 2)

  await service.finished(success)
  const job = await agrees(success, 'SUCCESS')
  t.strictSame(job.output, { attempt: 1 })
  t.strictSame((await boss.getJobById('default', success))!.output, { attempt: 1 }, 'pg-boss keeps the result')
  await service.finished(atOnce)
  t.strictSame((await agrees(atOnce, 'SUCCESS')).output, { attempt: 2 })
  await service.finished(failed)
  t.match((await agrees(failed, 'FAILURE')).output, { type: 'Error', message: 'attempt 1' })
  await service.post(`/api/tasks/${revoked}/cancel?wait=20`)
  await agrees(revoked, 'REVOKED')
  await service.post(`/api/tasks/${delayed}/cancel`)
  await agrees(delayed, 'REVOKED')
  await service.post(`/api/tasks/${retried}/cancel`)
  await agrees(retried, 'REVOKED')

  const { rows: seen } = await service.db.pool.query('select * from public.seen order by at')
  for (const { id, job, task } of seen) t.equal(pairs[job as keyof typeof pairs], task, `${id} is ${job} and ${task}`)
  const lives = Object.fromEntries(
    Object.entries({ success, retried, atOnce, failed, revoked, delayed, expired }).map(([name, id]) => {
      const states = seen.filter(row => row.id === id).map(({ task }) => task)
      return [name, states.filter((state, index) => state !== states[index - 1])]
    })
  )
  t.strictSame(lives, {
    success: ['PENDING', 'STARTED', 'SUCCESS'],
    retried: ['PENDING', 'STARTED', 'RETRY', 'REVOKED'],
    atOnce: ['PENDING', 'STARTED', 'RETRY', 'STARTED', 'SUCCESS'],
    failed: ['PENDING', 'STARTED', 'FAILURE'],
    revoked: ['PENDING', 'STARTED', 'REVOKED'],
    delayed: ['PENDING', 'REVOKED'],
    expired: ['PENDING', 'REVOKED']
  })
})

t.test('a job without a task that was put into a queue by hand does no harm', async t => {
  const service = await openService(t, { worker: true })
  const boss = await openPgBoss(t, service)

  const id = (await boss.send('default', { task: 'add' }))!
  const due = (await boss.send('delayed', { task: 'add' }))!

  await until(async () => (await boss.findJobs('default', { id }))[0]?.state === 'cancelled', 'it is cancelled')
  t.equal((await service.get(`/api/tasks/${id}`)).statusCode, 404)
  t.equal((await service.get(`/api/tasks/${due}`)).statusCode, 404)
  const delayed = await service.submit('add', { x: 1, y: 2 }, { countdown: 0.1 })
  t.equal((await service.finished(delayed)).result, 3)
})
