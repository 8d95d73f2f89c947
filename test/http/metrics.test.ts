import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { shoot } from '../harness/clip.ts'
import { addressOf, startProgram } from '../harness/program.ts'
import { openService, type Service } from '../harness/service.ts'
import { until } from '../harness/until.ts'
import { spawnWorker } from '../harness/worker-process.ts'

type Labels = Record<string, string>

/** The value of a family with these labels, added up over all targets. */
function sumIn(texts: string[], name: string, labels: Labels = {}) {
  let sum: number | undefined
  for (const text of texts) {
    for (const line of text.split('\n')) {
      const [, family, said = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      const has = Object.entries(labels).every(([key, value]) => said.split(',').includes(`${key}="${value}"`))
      if (family === name && has) sum = (sum ?? 0) + Number(value)
    }
  }
  return sum
}

async function scrape(service: Service, health: string) {
  const answer = await service.get('/metrics')
  return [answer.body, await (await fetch(`${health}/metrics`)).text()]
}

t.test('what happens to tasks is counted once, whichever process does it', async t => {
  const service = await openService(t)
  const worker = await spawnWorker(t, service, { WORKER_HEALTH_PORT: '0' })
  const { health } = JSON.parse(await worker.heard('"health"'))
  const add = { task: 'add', queue: 'default' }
  const film = await shoot({ size: '320x180', seconds: 1 })

  const done = [await service.submit('add', { x: 1, y: 2 }), await service.submit('add', { x: 1, y: 3 })]
  for (const id of done) t.match(await service.finished(id), { state: 'SUCCESS' })
  const { id: lost } = await service.db.pool
    .query(`select id from ops.enqueue_task('process_video', '{"video_id":"01980000-0000-7000-8000-000000000000"}')`)
    .then(({ rows }) => rows[0])
  t.match(await service.finished(lost), { state: 'FAILURE' })
  const later = { args: { x: 1, y: 1 }, task: 'add', countdown: 3_600 }
  const waiting = [await service.post('/api/tasks', later), await service.post('/api/tasks', later)]
  await service.post(`/api/tasks/${waiting[0]!.json().id}/cancel`)
  await service.db.pool.query('select ops.cancel_task($1)', [waiting[1]!.json().id])
  t.match(await service.finished(await service.submit('roll_up')), { state: 'SUCCESS' }, 'which takes none of them')
  await service.post('/api/queues/low_priority/pause')
  t.equal((await service.get('/nothing/here')).statusCode, 404)
  const { task_id } = await service.keep(film)
  t.match(await service.finished(task_id), { state: 'SUCCESS' })

  // House-keeping is due with each minute, and takes a moment.
  const texts = await until(async () => {
    const said = await scrape(service, health)
    const isLate = sumIn(said, 'darkroom_schedule_late_seconds')! > 0
    return !isLate && sumIn(said, 'darkroom_worker_slots', { state: 'busy' }) === 0 ? said : undefined
  }, 'the worker has nothing to do')
  t.equal(sumIn(texts, 'darkroom_tasks_submitted_total', add), 4)
  t.equal(sumIn(texts, 'darkroom_tasks_submitted_total', { task: 'process_video', queue: 'media' }), 2)
  t.equal(sumIn(texts, 'darkroom_tasks_total', { ...add, outcome: 'success' }), 2)
  t.equal(sumIn(texts, 'darkroom_tasks_total', { ...add, outcome: 'revoked' }), 2)
  t.equal(sumIn(texts, 'darkroom_tasks_total', { task: 'process_video', queue: 'media', outcome: 'failure' }), 1)
  t.equal(sumIn(texts, 'darkroom_task_wait_seconds_count', add), 2)
  t.equal(sumIn(texts, 'darkroom_task_run_seconds_count', add), 2)
  t.equal(sumIn(texts, 'darkroom_uploads_bytes_total'), film.length)
  t.equal(sumIn(texts, 'darkroom_video_encode_seconds_count', { rung: '180p' }), 1)
  t.equal(sumIn(texts, 'darkroom_queue_paused', { queue: 'low_priority' }), 1)
  t.equal(sumIn(texts, 'darkroom_queue_depth', { queue: 'default' }), 0)
  t.equal(sumIn(texts, 'darkroom_queue_oldest_seconds', { queue: 'default' }), 0)
  t.equal(sumIn(texts, 'darkroom_workers', { status: 'running' }), 1)
  t.equal(sumIn(texts, 'darkroom_worker_slots', { state: 'busy' }), 0)
  t.ok(sumIn(texts, 'darkroom_worker_slots', { state: 'free' })! > 0)
  t.equal(sumIn(texts, 'darkroom_schedule_late_seconds'), 0)
  t.equal(
    sumIn(texts, 'darkroom_http_request_seconds_count', { method: 'POST', route: '/api/videos', status: '201' }),
    1
  )
  t.equal(sumIn(texts, 'darkroom_http_request_seconds_count', { route: 'none', status: '404' }), 1)
  t.ok(sumIn([texts[0]!], 'process_resident_memory_bytes')! > 0)
  t.notMatch(texts.join('\n'), /[\da-f]{8}-[\da-f]{4}-/, 'no label holds an id')
  t.equal(sumIn(await scrape(service, health), 'darkroom_tasks_submitted_total', add), 4, 'a look changes nothing')
  await lint(t, texts)
})

t.test('without the database there are metrics, and what it alone knows is left out', async t => {
  const service = await openService(t)
  await service.submit('add', { x: 1, y: 2 })
  t.match((await service.get('/metrics')).headers['content-type'], 'text/plain; version=0.0.4')
  await service.db.close()

  const { statusCode, body } = await service.get('/metrics')
  t.equal(statusCode, 200)
  t.match(body, /^darkroom_tasks_submitted_total\{task="add",queue="default"\} 1$/m)
})

t.test('a server speaks for its worker, also for one that was killed', async t => {
  const program = await startProgram(t, 'server')
  const address = await addressOf(program)
  const success = { task: 'add', queue: 'default', outcome: 'success' }
  const read = async () => [await (await fetch(`${address}/metrics`)).text()]
  async function run() {
    const body = JSON.stringify({ task: 'add', args: { x: 1, y: 2 } })
    const posted = await fetch(`${address}/api/tasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body
    })
    const { id } = (await posted.json()) as { id: string }
    return (await (await fetch(`${address}/api/tasks/${id}?wait=30`)).json()) as { state: string }
  }

  t.match(await run(), { state: 'SUCCESS' })
  t.equal(sumIn(await read(), 'darkroom_tasks_total', success), 1)
  const { items } = (await (await fetch(`${address}/api/workers`)).json()) as { items: { pid: number }[] }
  process.kill(items[0]!.pid, 'SIGKILL')
  t.match(await run(), { state: 'SUCCESS' })
  await until(async () => (sumIn(await read(), 'darkroom_tasks_total', success) ?? 0) >= 2, 'the new worker is asked')
  const texts = await read()
  t.equal(sumIn(texts, 'darkroom_tasks_total', success), 2)
  t.equal(texts[0]!.match(/^process_start_time_seconds /gm)?.length, 1, 'of one process')
  await lint(t, texts)
})

/** By Prometheus' own tool, where it is installed. */
async function lint(t: Test, texts: string[]) {
  if (!existsSync('/usr/bin/promtool')) return t.pass('skipped: promtool is not installed')
  for (const text of texts) {
    const checking = promisify(execFile)('/usr/bin/promtool', ['check', 'metrics'])
    checking.child.stdin!.end(text)
    const said = await checking.catch((error: { stderr: string }) => error)
    t.equal(said.stderr, '', 'promtool finds nothing')
  }
  return undefined
}
