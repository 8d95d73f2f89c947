import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { shoot } from '../harness/clip.ts'
import { heldFfmpeg } from '../harness/held-ffmpeg.ts'
import { processesAbout } from '../harness/processes.ts'
import { quickFfmpeg } from '../harness/quick-ffmpeg.ts'
import { openService, type Service } from '../harness/service.ts'
import { until } from '../harness/until.ts'
import { spawnWorker } from '../harness/worker-process.ts'

const run = promisify(execFile)

/** Films of more than ten seconds, in stretches of four and then of eight seconds; each decodes a second before. */
const lengths = { DARKROOM_FILM_PARTS: '10,4,8' }
const second = '-ss 3.'
const third = '-ss 11.'

const film = await shoot({ seconds: 28, group: 30 })

/** A film that is made in four stretches by an ffmpeg which can be held. */
async function openHeld(t: Test, more: Record<string, string> = {}) {
  const ffmpeg = await heldFfmpeg(t)
  const service = await openService(t, { env: { ...lengths, ...ffmpeg.env, ...more } })
  return { service, ffmpeg }
}

async function partsOf(service: Service, task: string): Promise<any[]> {
  const { items } = (await service.get('/api/tasks?task=process_video_part&limit=100')).json()
  return items.filter(({ args }: any) => args.film.task_id === task).toReversed()
}

const named = ({ args }: any) => (args.role === 'picture' ? args.number : args.role)

/** Prints, streams as files, and playlists of a film, in a folder of the test's own. */
async function fetched(t: Test, service: Service, id: string, rungs: string[]) {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-parts-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const get = async (name: string) => (await service.get(`/api/videos/${id}/files/${name}`)).rawPayload
  for (const rung of rungs) {
    await writeFile(path.join(folder, `${rung}.mp4`), await get(`${rung}.mp4`))
    const body = String(await get(`hls/${rung}/index.m3u8`))
    const { init, urls } = playlist(body)
    const files = await Promise.all([init, ...urls].map(name => get(`hls/${rung}/${name}`)))
    await writeFile(path.join(folder, `${rung}.hls.mp4`), Buffer.concat(files))
    await writeFile(path.join(folder, rung), body)
  }
  return (name: string) => path.join(folder, name)
}

async function output(program: string, args: string[]) {
  const { stdout, stderr } = await run(program, args, { maxBuffer: 64 * 1024 * 1024 })
  return stdout + stderr
}

const packets = (file: string, stream: string) =>
  output('ffprobe', [
    ...[
      '-v',
      'error',
      '-select_streams',
      stream,
      '-show_entries',
      `packet=pts,dts,flags${stream === 'a' ? ',data_hash' : ''}`
    ],
    ...['-show_data_hash', 'md5', '-of', 'csv=p=0', file]
  ])

const sources = {
  'with 23.976 pictures a second': { rungs: ['180p'], shot: { seconds: 18, fps: 24000 / 1001, group: 48 } },
  'with two rungs': { rungs: ['480p', '720p'], shot: { size: '1280x720', seconds: 14, fps: 6, group: 30 } },
  'of HDR': { rungs: ['180p'], shot: { seconds: 14, fps: 6, group: 30, hdr: true } }
}

for (const [what, { rungs, shot }] of Object.entries(sources)) {
  t.test(`parts make the very film of a single run: ${what}`, async t => {
    const FFMPEG_PATH = await quickFfmpeg(t, process.env.FFMPEG_PATH || 'ffmpeg')
    const service = await openService(t, { env: { ...lengths, FFMPEG_PATH }, worker: true })
    const { id, task_id } = await service.keep(await shoot(shot))
    const task = await service.finished(task_id)
    t.match(task, { state: 'SUCCESS', attempts: 1, progress: 1, result: { reused: false }, worker: String })
    t.strictSame((await partsOf(service, task_id)).map(named).slice(0, 3), [0, 'sound', 1])
    const { items } = (await service.get(`/api/tasks/${task_id}/attempts`)).json()
    t.match(items, [{ number: 1, outcome: 'success', worker: String }], 'a client sees one attempt')
    const left = (await service.files()).filter(file => file.includes('/parts/') || file.startsWith('work/'))
    t.strictSame(left, [], 'the work is tidied up')

    const parts = await fetched(t, service, id, rungs)
    await service.finished(await service.submit('process_video', { video_id: id, parts: false }))
    const one = await fetched(t, service, id, rungs)
    for (const rung of rungs) {
      const [ours, theirs] = [parts(`${rung}.mp4`), one(`${rung}.mp4`)]
      t.equal(await packets(ours, 'v'), await packets(theirs, 'v'), `${rung}: the same times and keyframes`)
      t.equal(await packets(ours, 'a'), await packets(theirs, 'a'), `${rung}: the same sound, byte by byte`)
      const look = ['-v', 'info', '-i', ours, '-i', theirs, '-lavfi', '[0:v][1:v]psnr', '-an', '-f', 'null', '-']
      t.ok(Number(/min:([\d.]+)/.exec(await output('ffmpeg', look))?.[1]) > 25, `${rung}: each frame shows the same`)
      t.equal(
        await packets(parts(`${rung}.hls.mp4`), 'v'),
        await packets(one(`${rung}.hls.mp4`), 'v'),
        'so in its stream'
      )
      t.strictSame(durationsIn(await readFile(parts(rung), 'utf8')), durationsIn(await readFile(one(rung), 'utf8')))
      for (const file of [ours, parts(`${rung}.hls.mp4`)]) {
        t.equal(await output('ffmpeg', ['-v', 'warning', '-xerror', '-i', file, '-f', 'null', '-']), '', 'it decodes')
      }
    }
  })
}

const durationsIn = (body: string) =>
  [...body.matchAll(/#EXTINF:([\d.]+)/g)].map(([, seconds]) => Number(seconds).toFixed(2))

function playlist(body: string) {
  const urls = body.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return { init: /URI="([^"]+)"/.exec(body)![1]!, urls }
}

t.test('a worker that is killed costs the part in its hands, and its stream plays on', async t => {
  const { service, ffmpeg } = await openHeld(t)
  await ffmpeg.hold(third)
  const first = await spawnWorker(t, service)
  const { id, task_id } = await service.keep(film)
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

  first.kill('SIGKILL')
  await first.exited
  await ffmpeg.release()
  await spawnWorker(t, service)

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

t.test('some prints of a film are made again in parts, beside those that are there', async t => {
  const FFMPEG_PATH = await quickFfmpeg(t, process.env.FFMPEG_PATH || 'ffmpeg')
  const service = await openService(t, { env: { ...lengths, FFMPEG_PATH }, worker: true })
  const { id, task_id } = await service.keep(
    await shoot({ size: '1280x720', seconds: 12, fps: 6, group: 30, sound: false })
  )
  t.match(await service.finished(task_id), { state: 'SUCCESS' })
  const etag = async (name: string) => (await service.get(`/api/videos/${id}/files/${name}`)).headers.etag
  const names = ['720p.mp4', '480p.mp4', 'poster.jpg']
  const before = await Promise.all(names.map(etag))

  const again = (await service.post(`/api/videos/${id}/process`, { only: ['480p'] })).json()
  t.match(await service.finished(again.task_id), { state: 'SUCCESS' })
  t.strictSame((await partsOf(service, again.task_id)).map(named), [0, 1, 'join'])
  t.strictSame(
    (await Promise.all(names.map(etag))).map((each, at) => each === before[at]),
    [true, false, true],
    'only the one that was asked for is another one'
  )
  const { body } = await service.get(`/api/videos/${id}/files/hls/master.m3u8`)
  t.strictSame(playlist(`${body}\n#EXT-X-MAP:URI="none"`).urls, ['480p/index.m3u8', '720p/index.m3u8'])
  const video = (await service.get(`/api/videos/${id}`)).json()
  t.match(video, { status: 'ready', hls_url: String, poster_url: String })
})

t.test('a long film whose largest print can be copied is made in one run, which copies it', async t => {
  const service = await openService(t, { env: lengths, worker: true })
  const { id, task_id } = await service.keep(await shoot({ size: '1280x720', seconds: 14, group: 15 }))
  t.match(await service.finished(task_id), { state: 'SUCCESS', attempts: 1 })
  t.strictSame(await partsOf(service, task_id), [])
  const { renditions } = (await service.get(`/api/videos/${id}`)).json()
  t.match(
    renditions.find(({ name }: any) => name === '720p'),
    { status: 'ready', reason: 'copied' }
  )
})

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
