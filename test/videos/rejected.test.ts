import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { film, skipWithoutMedia } from '../harness/media.ts'
import { openService } from '../harness/service.ts'

const service = await openService(t)
const one = { WORKER_CONCURRENCY: '1' }

async function processed(content: Buffer, filename?: string) {
  const { id, task_id } = await service.keep(content, filename)
  const task = await service.finished(task_id)
  return { task, video: (await service.get(`/api/videos/${id}`)).json() }
}

const filesOf = async ({ id }: { id: string }) => (await service.files()).filter(file => file.includes(id))

t.test('a file that is no film fails, once, with a reason that its owner can understand', async t => {
  const worker = await service.startWorker(one)
  t.teardown(() => worker.stop(0))

  const { task, video } = await processed(Buffer.from('Dear diary, this is no film at all.\n'.repeat(50)))

  t.match(task, { state: 'FAILURE', status: 'FAILED', attempts: 1, result: null })
  t.match(task.error, { type: 'not_a_video', message: /video/ })
  t.match(video, { status: 'failed', processed: false, error: task.error, ready_at: null, resolution_480p: null })
  t.ok(video.renditions.every(({ status }: any) => status === 'failed'))
  t.notMatch(JSON.stringify(video), service.dataDir, 'no path of ours is given away')
  t.strictSame(await service.files(), [`videos/${video.id}/original`])
  t.match((await service.get(`/api/videos/${video.id}/status`)).json(), { status: 'failed', processed: false })

  const forgotten = await service.delete(`/api/tasks/${task.id}`)

  t.equal(forgotten.statusCode, 204)
  const after = (await service.get(`/api/videos/${video.id}`)).json()
  t.match(after, { status: 'failed', error: task.error }, 'it keeps its reason when its task is forgotten')
})

t.test('each budget is a setting, and a film beyond it is refused with its numbers', async t => {
  const content = await shoot({ size: '320x180', seconds: 2, fps: 10 })
  const budgets: [env: Record<string, string>, type: string, message: string][] = [
    [{ MAX_FILM_SECONDS: '1' }, 'too_long', 'The file lasts 2 s; the most is 1 s.'],
    [
      { MAX_FILM_PIXELS: '57599' },
      'too_many_pixels',
      'The picture is 320x180, which are 57600 pixels; the most is 57599.'
    ],
    [{ MAX_FILM_FRAMES: '19' }, 'too_many_frames', 'The film has 20 pictures; the most is 19.'],
    [{ MAX_FILM_STREAMS: '1' }, 'too_many_streams', 'The file has 2 streams; the most is 1.'],
    [{ MAX_TEMPORARY_BYTES: '10 KiB' }, 'too_many_bytes', 'while they are made; the most is 10240.']
  ]
  for (const [env, type, message] of budgets) {
    const worker = await service.startWorker({ ...one, ...env })
    const { task, video } = await processed(content)
    await worker.stop(0)

    t.match(task, { state: 'FAILURE', attempts: 1, error: { type, message } })
    t.strictSame(video.error, task.error)
    t.strictSame(await filesOf(video), [`videos/${video.id}/original`], 'nothing was encoded')
  }
})

t.test('an attempt that outgrows its budget while it is at work ends with that reason, and leaves nothing', async t => {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-ffmpeg-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  // The real ffmpeg, at the speed of the film, beside which a large file grows.
  const FFMPEG_PATH = path.join(folder, 'ffmpeg')
  const script = `#!/bin/sh
out=$(echo "$*" | sed -n 's#.*|\\[f=hls:.*file:\\(/[^ ]*\\)/hls/.*#\\1#p')
[ "$out" ] && printf %03000000d 0 > "$out/ballast"
exec ${process.env.FFMPEG_PATH || 'ffmpeg'} -re "$@"
`
  await writeFile(FFMPEG_PATH, script, { mode: 0o755 })
  const worker = await service.startWorker({ ...one, FFMPEG_PATH, MAX_TEMPORARY_BYTES: '2 MiB' })
  t.teardown(() => worker.stop(0))
  const { task, video } = await processed(await shoot({ seconds: 8 }))

  const message =
    /^The prints and streams of this film took 3\d{6} bytes before .*; the most is 2097152 \(MAX_TEMPORARY_BYTES\)\.$/
  t.match(task, { state: 'FAILURE', attempts: 1, error: { type: 'too_many_bytes', message } })
  t.match(video, { status: 'failed', hls_url: null, error: task.error })
  t.strictSame(await filesOf(video), [`videos/${video.id}/original`])
})

t.test('a film within its budgets is made', async t => {
  const env = {
    ...{ MAX_FILM_SECONDS: '3', MAX_FILM_PIXELS: '57600', MAX_FILM_FRAMES: '20', MAX_FILM_STREAMS: '2' },
    MAX_TEMPORARY_BYTES: '1 MiB'
  }
  const worker = await service.startWorker({ ...one, ...env })
  t.teardown(() => worker.stop(0))
  const { task } = await processed(await shoot({ size: '320x180', seconds: 2, fps: 10 }))

  t.match(task, { state: 'SUCCESS', error: null })
})

t.test('broken, encrypted and incomplete films fail with a reason', { skip: skipWithoutMedia }, async t => {
  const worker = await service.startWorker(one)
  t.teardown(() => worker.stop(0))

  for (const name of ['broken-no-moov.mp4', 'WrongFile.mp4', 'truncated-10k.mp4', 'encrypted-cenc.mp4']) {
    const { task, video } = await processed(await readFile(film(name)), name)

    t.match(video, { status: 'failed', error: { type: /^[a-z_]+$/, message: /^[A-Z].*\.$/ } }, name)
    t.match(task, { state: 'FAILURE', attempts: 1 }, name)
  }
})
