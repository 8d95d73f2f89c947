import path from 'node:path'
import t, { type Test } from 'tap'
import { shoot } from '../harness/clip.ts'
import { openCollector } from '../harness/collector.ts'
import { heldFfmpeg } from '../harness/held-ffmpeg.ts'
import { lengths, named, partsOf, playlist } from '../harness/parts.ts'
import { processesAbout } from '../harness/processes.ts'
import { openService, type Service } from '../harness/service.ts'
import { until } from '../harness/until.ts'
import { spawnWorker } from '../harness/worker-process.ts'

const second = '-ss 3.'
const third = '-ss 11.'

const film = await shoot({ seconds: 28, group: 30 })

/** A film that is made in four stretches by an ffmpeg which can be held. */
async function openHeld(t: Test, more: Record<string, string> = {}) {
  const ffmpeg = await heldFfmpeg(t)
  const service = await openService(t, { env: { ...lengths, ...ffmpeg.env, ...more } })
  return { service, ffmpeg }
}

t.test('a worker that is killed costs the part in its hands, its stream plays on, and so does its trace', async t => {
  const { service, ffmpeg } = await openHeld(t)
  const collector = await openCollector(t)
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
  await ffmpeg.hold(third)
  const first = await spawnWorker(t, service, traced)
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const body = new FormData()
  body.set('video', new Blob([film]), 'film.mp4')
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }
  const uploaded = await fetch(`${await service.listen()}/api/videos`, { method: 'POST', headers, body })
  const { id, task_id } = (await uploaded.json()) as { id: string; task_id: string }
  await ffmpeg.begun(third)
  const before = await service.until(
    task_id,
    ({ progress_detail }: any) => progress_detail?.hls && progress_detail.parts.made === 2
  )
  t.match(before, {
    state: 'STARTED',
    status: 'PROCESSING',
    worker: null,
    progress_detail: { parts: { all: 4, made: 2 } }
  })
  const why = (await service.get(`/api/tasks/${task_id}/why`)).json()
  t.match(why, { code: 'running', sentence: /made in parts: 3 of 6 are done, and workers run 1/ })
  const growing = async () => playlist((await service.get(`/api/videos/${id}/files/hls/180p/index.m3u8`)).body).urls
  t.equal((await growing()).length, 5, 'what is made can be played: three segments of four seconds, and two of eight')

  const spansOf = (name: string) => collector.spans.filter(span => span.name === name && span.traceId === traceId)
  await until(
    () => spansOf('attempt process_video_part').length >= 3,
    'its spans of two stretches and the sound arrive'
  )
  first.kill('SIGKILL')
  await first.exited
  await ffmpeg.release()
  const heir = await spawnWorker(t, service, traced)

  const task = await service.finished(task_id)
  t.match(task, { state: 'SUCCESS', attempts: 1 })
  const parts = await partsOf(service, task_id)
  t.strictSame(
    parts.map(part => [named(part), part.state, part.attempts]),
    [
      [0, 'SUCCESS', 1],
      ['sound', 'SUCCESS', 1],
      [1, 'SUCCESS', 1],
      [2, 'SUCCESS', 2],
      [3, 'SUCCESS', 1],
      ['join', 'SUCCESS', 1]
    ]
  )
  t.equal((await ffmpeg.runs()).length, 5, 'one of four stretches was encoded again')
  t.ok(task.progress! >= before.progress!)

  heir.kill('SIGTERM')
  await heir.exited
  const attempts = spansOf('attempt process_video_part')
  const [plan] = spansOf('attempt process_video')
  t.equal(attempts.length, 6, 'of every part that was finished, by both workers')
  t.strictSame(
    [...new Set(attempts.map(({ parentSpanId }) => parentSpanId))],
    [plan!.parentSpanId],
    'in the trace of the film'
  )
  t.equal(spansOf('run process_video_part').length, 6)
  t.ok(spansOf('ffmpeg').length >= 5)
})

t.test(
  'a worker that comes later takes its share of a film, and of two parts that end at once one goes on',
  async t => {
    const { service, ffmpeg } = await openHeld(t)
    await ffmpeg.hold(`${second}\n${third}`)
    await spawnWorker(t, service)
    const { task_id } = await service.keep(film)
    await ffmpeg.begun(second)
    // The film's only other part waits until this one ends, unless the new worker's share is seen.
    await spawnWorker(t, service)
    await ffmpeg.begun(third)

    const client = await service.db.pool.connect()
    try {
      await client.query('begin')
      await client.query('select from darkroom.film_plans for update')
      await ffmpeg.release()
      const ending = `select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query ilike '%end_part(%'`
      await until(async () => (await service.db.pool.query(ending)).rowCount === 2, 'two parts wait to end')
    } finally {
      await client.query('rollback')
      client.release()
    }
    t.match(await service.finished(task_id), { state: 'SUCCESS' })
    const parts = await partsOf(service, task_id)
    t.strictSame(parts.map(named).sort(), [0, 1, 2, 3, 'join', 'sound'], 'each part once')
    t.equal(new Set(parts.map(({ worker }) => worker)).size, 2, 'both have made some of its parts')
    t.ok(parts.every(({ attempts }) => attempts === 1))
  }
)

t.test('a cancelled film stops all of its parts; a retry goes on where they were', async t => {
  const { service, ffmpeg } = await openHeld(t)
  await ffmpeg.hold(third)
  await service.startWorker()
  const { id, task_id } = await service.keep(film)
  await ffmpeg.begun(third)

  const cancelled = await service.post(`/api/tasks/${task_id}/cancel?wait=30`)
  t.match([cancelled.statusCode, cancelled.json()], [200, { state: 'REVOKED', error: { type: 'cancelled' } }])
  t.strictSame(await processesAbout(path.join(service.dataDir, 'work')), [], 'its processes are gone')
  t.ok((await partsOf(service, task_id)).every(({ finished_at }) => finished_at !== null))
  t.match((await service.get(`/api/videos/${id}`)).json(), { status: 'failed', error: { type: 'cancelled' } })

  await ffmpeg.release()
  const runs = (await ffmpeg.runs()).length
  t.equal((await service.post(`/api/tasks/${task_id}/retry`)).statusCode, 202)
  t.match(await service.finished(task_id), { state: 'SUCCESS', attempts: 2 })
  t.equal((await ffmpeg.runs()).length - runs, 2, 'the two stretches that were missing')
  t.equal((await service.get(`/api/videos/${id}/files/180p.mp4`)).statusCode, 200)
})

t.test('a part that fails for good fails the film with its reason; a retry makes what is missing', async t => {
  const { service, ffmpeg } = await openHeld(t)
  await ffmpeg.fail(third)
  await service.startWorker()
  const task_id = await keepWithRetries(service, 0)
  const failed = await service.finished(task_id)
  t.match(failed, { state: 'FAILURE', error: { type: 'EncodeFailed', message: /ended with code 1 in part 2/ } })
  const { items } = (await service.get(`/api/tasks/${task_id}/attempts`)).json()
  t.match(items, [{ outcome: 'failure', stderr: /told to fail/ }])
  const before = await partsOf(service, task_id)

  await ffmpeg.mend()
  await service.post(`/api/tasks/${task_id}/retry`)
  t.match(await service.finished(task_id), { state: 'SUCCESS', error: null })
  const again = (await partsOf(service, task_id)).slice(before.length)
  t.strictSame(again.map(named), [2, 3, 'join'])
})

/** A film whose task has so many retries, as a client may submit one. */
async function keepWithRetries(service: Service, max_retries: number) {
  const { id, task_id } = await service.keep(film)
  await service.post(`/api/tasks/${task_id}/cancel?wait=30`)
  return service.submit('process_video', { video_id: id }, { max_retries })
}

t.test('a film that is damaged in the middle is made in one run after all', async t => {
  const service = await openService(t, { env: lengths, worker: true })
  const broken = Buffer.from(film)
  const from = broken.indexOf('mdat') + Math.round(broken.length * 0.6)
  broken.fill(0x5a, from, from + 4_000)
  const { id, task_id } = await service.keep(broken)

  t.match(await service.finished(task_id), { state: 'SUCCESS', attempts: 2, args: { parts: false } })
  const { items } = (await service.get(`/api/tasks/${task_id}/attempts`)).json()
  t.match(items, [{ outcome: 'failure', error: { type: 'NotInParts' } }, { outcome: 'success' }])
  t.match((await service.get(`/api/videos/${id}`)).json(), { status: 'ready', probe: { damage: { share: Number } } })
})

t.test('films take turns, and a deleted one leaves nothing behind', async t => {
  const { service, ffmpeg } = await openHeld(t, { WORKER_CONCURRENCY: '1' })
  await ffmpeg.hold(second)
  await service.startWorker()
  const long = await service.keep(film)
  await ffmpeg.begun(second)
  const other = await service.keep(await shoot({ seconds: 14, group: 30 }))
  await ffmpeg.release()
  await service.finished(other.task_id)
  const order = [...(await partsOf(service, long.task_id)), ...(await partsOf(service, other.task_id))]
    .filter(({ started_at }) => started_at)
    .sort((a, b) => a.started_at.localeCompare(b.started_at))
    .map(part => (part.video_id === long.id ? 'a' : 'b') + named(part))
  // A worker takes its next task while the plan of the second film is being written: one part may be between them.
  t.ok(order.indexOf('b0') < order.indexOf('a3'), `the second film begins before the first goes on: ${order}`)
  await service.finished(long.task_id)

  await ffmpeg.hold('-ss')
  const doomed = await service.keep(Buffer.concat([film, Buffer.alloc(8)]))
  await until(
    async () => (await partsOf(service, doomed.task_id)).some(part => named(part) === 1 && part.started_at),
    'it runs'
  )
  t.equal((await service.delete(`/api/videos/${doomed.id}`)).statusCode, 204)
  t.strictSame(
    (await service.files()).filter(file => file.includes(doomed.id)),
    []
  )
  t.ok((await partsOf(service, doomed.task_id)).every(({ state }) => ['SUCCESS', 'REVOKED'].includes(state)))
  const { rows } = await service.db.pool.query('select from darkroom.film_plans')
  t.equal(rows.length, 0)
})
