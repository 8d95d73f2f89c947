import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { WhyBody } from '../../../src/tasks/why/routes.ts'
import { codes } from '../../../src/tasks/why/why.ts'
import { gate } from '../../harness/gate.ts'
import { openService } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'
import { spawnWorker } from '../../harness/worker-process.ts'

const old = await taskFolder(t, gate)
const TASKS_DIR = await taskFolder(t, {
  ...gate,
  'fresh.ts': taskModule('fresh', 'return 1'),
  'later.ts': taskModule('later', 'throw new RetryLater(600)')
})
const add = { x: 1, y: 1 }
const apart = 'high_priority'

const service = await openService(t, { env: { TASKS_DIR, WORKER_PREFETCH_MULTIPLIER: '2' } })
const { pool } = service.db
const why = async (id: string): Promise<WhyBody> => (await service.get(`/api/tasks/${id}/why`)).json()
const asked = new Set<string>()

/** Compares the answer with the expected fields, and checks what holds for every answer. */
async function says(t: Test, id: string, code: string, expected: Partial<Record<keyof WhyBody, unknown>>) {
  const answer = await why(id)
  asked.add(answer.code)
  t.match(answer, { code, ...expected })
  t.ok(Date.parse(String(answer.since)) <= Date.now() + 1_000, `${code} since ${answer.since}`)
  t.ok(answer.sentence.length < 200 && !/[.]$/.test(answer.sentence), answer.sentence)
  for (const { label, method, url, scope } of answer.actions) t.ok(label && method && url && scope, label)
  return answer
}

const cancel = (id: string) => ({ label: 'Cancel', method: 'POST', url: `/api/tasks/${id}/cancel`, scope: 'operate' })

t.test('a film waits for a sandbox where one is required', async t => {
  const worker = await service.startWorker({ MEDIA_SANDBOX: 'required', FFMPEG_PATH: '/bin/false' })
  const { task_id } = await service.keep('no film')

  await says(t, task_id, 'no_sandbox', {
    sentence: /^MEDIA_SANDBOX is "required".*restart the worker$/,
    actions: [cancel(task_id)]
  })
  await service.post(`/api/tasks/${task_id}/cancel`)
  await worker.stop(0)
})

t.test('a waiting task has the code of the first thing that it waits for', async t => {
  const scheduled = await service.submit('fresh', {}, { countdown: 600, queue: apart })
  const id = await service.submit('fresh', {}, { queue: apart })
  const { eta } = (await service.get(`/api/tasks/${scheduled}`)).json()

  await service.post(`/api/queues/${apart}/pause`)
  await says(t, scheduled, 'scheduled', { until: eta, actions: [cancel(scheduled)] })
  const { since, actions } = await says(t, id, 'queue_paused', { sentence: /"high_priority" is paused/, until: null })
  t.strictSame(since, (await service.get('/api/queues')).json().items[1].paused_at)
  t.strictSame(actions, [
    {
      label: `Resume queue ${apart}`,
      method: 'POST',
      url: `/api/queues/${apart}/resume`,
      scope: 'operate'
    },
    cancel(id)
  ])
  await service.post(actions[0]!.url)

  await service.startWorker({ WORKER_CONCURRENCY: '1', WORKER_QUEUES: 'media' })
  await says(t, id, 'no_worker_for_queue', { sentence: /"high_priority"/, actions: [cancel(id)] })

  // It takes one task at a time, and none ahead: a task behind it stays in the queue.
  const single = { WORKER_CONCURRENCY: '1', WORKER_PREFETCH_MULTIPLIER: '1' }
  const unaware = await spawnWorker(t, service, { TASKS_DIR: old, WORKER_QUEUES: apart, ...single })
  await says(t, id, 'kind_unknown_to_workers', { sentence: /"fresh" \(1 takes from/, actions: [cancel(id)] })

  const gated = await service.submit('gate', { gate: path.join(service.dataDir, 'never') }, { queue: apart })
  await service.until(gated, ({ state }) => state === 'STARTED')
  await service.patch(`/api/workers/${unaware.id}`, { paused: true })
  const waiting = await service.submit('gate', { gate: '' }, { queue: apart })
  const paused = await says(t, waiting, 'workers_paused', { sentence: /\(1\)/ })
  t.match(paused.actions, [{ method: 'PATCH', url: `/api/workers/${unaware.id}`, body: { paused: false } }, {}])
  await service.patch(paused.actions[0]!.url, paused.actions[0]!.body)
  t.not((await why(waiting)).code, 'workers_paused')
  for (const each of [gated, waiting, id]) await service.post(`/api/tasks/${each}/cancel?wait=20`)
})

t.test(
  'a task that a worker holds says whether it has begun, and those behind it how many are before them',
  async t => {
    await service.startWorker({ WORKER_CONCURRENCY: '1', WORKER_QUEUES: 'low_priority' })
    const file = path.join(service.dataDir, 'gate')
    const ids: string[] = []
    for (const priority of [3, 2, 1, 0]) {
      ids.push(await service.submit('gate', { gate: file }, { queue: 'low_priority', priority }))
      if (ids.length < 3) await service.until(ids.at(-1)!, ({ state }) => state === 'STARTED')
    }
    const [running, claimed, next, last] = ids as [string, string, string, string]

    await says(t, running, 'running', { sentence: /^Attempt 1 runs in a worker \(.+, process \d+\)/ })
    await says(t, claimed, 'claimed', { actions: [cancel(claimed)] })
    await says(t, next, 'slots_busy', { sentence: /0 tasks are before it, and 1 worker runs 1 task at a time/ })
    await says(t, last, 'slots_busy', { sentence: /1 task is before it/ })
    await writeFile(file, '')
    for (const id of ids) await service.finished(id)
    await says(t, running, 'finished', { sentence: /SUCCESS/, actions: [] })
  }
)

t.test('a task that has not succeeded says when its next attempt starts, or how to retry it', async t => {
  await service.startWorker({ WORKER_CONCURRENCY: '1', WORKER_QUEUES: 'default' })
  const id = await service.submit('later')
  await service.until(id, ({ state }) => state === 'RETRY')
  const { rows } = await pool.query('select start_after from pgboss.job where id = $1', [id])

  await says(t, id, 'retry_wait', { sentence: /Attempt 1/, until: rows[0].start_after.toISOString() })
  await service.post(`/api/tasks/${id}/cancel`)
  const { actions } = await says(t, id, 'finished', { sentence: /REVOKED/ })
  t.strictSame(
    actions.map(({ url }) => url),
    [`/api/tasks/${id}/retry`]
  )
  t.equal((await service.post(actions[0]!.url)).statusCode, 202)
})

t.test('a task whose job was removed says so', async t => {
  const id = await service.submit('add', add, { countdown: 600 })
  await pool.query('delete from pgboss.job where id = $1', [id])

  await says(t, id, 'job_gone', { until: null })
})

t.test('an unknown id is not found', async t => {
  for (const id of ['01980000-0000-7000-8000-000000000000', 'garbage', '%27']) {
    const response = await service.get(`/api/tasks/${id}/why`)
    t.equal(response.statusCode, 404, id)
    t.match(response.json(), { code: 'TASK_NOT_FOUND' })
  }
})

t.test('each code was seen', async t => {
  t.strictSame([...asked].toSorted(), codes.toSorted())
})
