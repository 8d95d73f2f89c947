import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { complete } from '../../src/tasks/endings/complete.ts'
import { isGone } from '../harness/gone.ts'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'

const TASKS_DIR = await taskFolder(t, {
  'gate.ts': taskModule(
    'gate',
    `appendFileSync(args.file, process.pid + '\\n')
    const { existsSync } = await import('node:fs')
    while (!existsSync(args.file + '.open')) await delay(20)
    return process.pid`
  )
})

/** What Postgres remembers after a crash in which the claim was not on its disk yet; it has no connections then. */
async function crash({ db: { pool } }: Service, id: string) {
  await pool.query(
    `with job as (
      update pgboss.job set state = 'created', started_on = null, retry_count = 0 where id = $1 and name = 'default'
    ), event as (
      delete from darkroom.events where task_id = $1 and state = 'STARTED'
    )
    update darkroom.tasks set state = 'PENDING', attempts = 0, worker = null, started_at = null where id = $1`,
    [id]
  )
  await pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name like 'darkroom worker%' and pid <> pg_backend_pid()`
  )
}

for (const WORKER_CONCURRENCY of ['1', '2']) {
  t.test(
    `of ${WORKER_CONCURRENCY}, an attempt whose claim Postgres has forgotten is stopped and runs again`,
    async t => {
      const service = await openService(t, { env: { TASKS_DIR, WORKER_CONCURRENCY }, worker: true })
      const file = path.join(service.dataDir, 'pids')
      const pids = async () => (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean).map(Number)
      const id = await service.submit('gate', { file })
      await until(async () => (await pids()).length === 1, 'its body runs')

      await crash(service, id)
      await until(async () => (await pids()).length === 2, 'it runs again')
      const [first, second] = (await pids()) as [number, number]
      await until(() => isGone(first), 'the first body is ended')
      await writeFile(`${file}.open`, '')

      t.match(await service.finished(id), { state: 'SUCCESS', result: second, attempts: 1 })
      const { items } = (await service.get(`/api/tasks/${id}/attempts`)).json()
      t.match(items, [{ number: 1, outcome: 'success' }])
      t.equal(items.length, 1)
    }
  )
}

t.test('a success counts for the worker that has the attempt', async t => {
  const service = await openService(t, { env: { TASKS_DIR }, worker: true })
  const { pool } = service.db
  const file = path.join(service.dataDir, 'pids')
  const id = await service.submit('gate', { file })
  const { worker } = await service.until(id, ({ state }) => state === 'STARTED')
  const ending = { id, queue: 'default', attempt: 1, started_at: new Date(), result: '1' }
  const next = { state: 'SUCCESS' as const }

  const others = await complete(pool, [
    { ...ending, worker: '01980000-0000-7000-8000-000000000001', outcome: 'success', next }
  ])
  t.strictSame(others, [])
  t.match(await complete(pool, [{ ...ending, worker: worker!, outcome: 'success', next }]), [{ id, state: 'SUCCESS' }])
})
