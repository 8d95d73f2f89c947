import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { openService } from '../harness/service.ts'
import { tusClient } from '../harness/tus.ts'

/** Loudness of a print by a meter of its own, in LUFS. */
async function loudnessOf(content: Buffer) {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-loudness-'))
  try {
    const file = path.join(folder, 'print.mp4')
    await writeFile(file, content)
    const args = ['-hide_banner', '-nostats', '-i', file, '-af', 'loudnorm=print_format=json', '-f', 'null', '-']
    const { stderr } = await promisify(execFile)('ffmpeg', args)
    return Number(/"input_i" : "(-?[\d.]+)"/.exec(stderr)?.[1])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

t.test('prints are made with the work and the loudness of the settings, or of the request', async t => {
  const service = await openService(t, { env: { PROFILE: 'fast', LOUDNESS: '-30' }, worker: true })
  const content = await shoot({ seconds: 4 })
  const { id, task_id } = await service.keep(content)
  t.match(await service.finished(task_id), { state: 'SUCCESS' })
  const print = async () => {
    const film = (await service.get(`/api/videos/${id}`)).json()
    const { rawPayload } = await service.get(film.renditions[0].url)
    const crf = /x264 - core.* crf=([\d.]+)/.exec(rawPayload.toString('latin1'))?.[1]
    return { crf, sound: film.probe.audio.loudness, loudness: await loudnessOf(rawPayload) }
  }

  const usual = await print()
  t.match(usual, { crf: '26.0', sound: { lufs: Number, peak: Number, gain: Number } })
  t.ok(Math.abs(usual.sound.lufs + usual.sound.gain + 30) < 0.2, 'one gain leads from the one to the other')
  t.ok(Math.abs(usual.loudness + 30) < 1, `${usual.loudness} LUFS`)

  const again = await service.post(`/api/videos/${id}/process`, { profile: 'balanced', loudness: -5 })
  t.match(await service.finished(again.json().task_id), { state: 'SUCCESS', args: { profile: 'balanced' } })
  const other = await print()
  t.equal(other.crf, '23.0')
  t.ok(Math.abs(other.sound.peak + other.sound.gain + 1) < 0.2, 'peaks are not cut')

  const client = tusClient(await service.listen())
  const address = await client.create(content.length)
  await client.patch(address, 0, content)
  const { task_id: same } = (await client.get(address)).body
  t.match(await service.finished(same), { result: { reused: false } }, 'prints of another style are not taken')
})

t.test('a form names a style before or after its file, and a wrong one keeps nothing', async t => {
  const service = await openService(t)
  const content = Buffer.from('film')
  const upload = async (fields: Record<string, string>, url = '/api/videos') =>
    service.upload(
      [...Object.entries(fields).map(([name, value]) => ({ name, content: value })), { filename: 'film.mp4', content }],
      url
    )

  const made = await upload({ profile: 'quality', loudness: '-16', other: 'x' })
  t.equal(made.statusCode, 201)
  const { args } = (await service.get(`/api/tasks/${made.json().task_id}`)).json()
  t.match(args, { profile: 'quality', loudness: -16 })
  const plain = await upload({ profile: '', loudness: ' ' })
  t.strictSame(Object.keys((await service.get(`/api/tasks/${plain.json().task_id}`)).json().args), ['video_id'])
  t.equal(
    (await upload({ profile: 'as they like' }, '/upload/')).statusCode,
    201,
    'older front ends send what they like'
  )

  const before = await service.files()
  for (const [field, value] of [
    ['profile', 'best'],
    ['loudness', 'loud'],
    ['loudness', '5']
  ] as const) {
    const { statusCode, body } = await upload({ [field]: value })
    t.equal(statusCode, 400)
    t.match(body, field)
  }
  t.strictSame(await service.files(), before)
})

t.test('a style that does not exist is refused by name, by HTTP and SQL', async t => {
  const service = await openService(t)
  const { id } = await service.keep('film')
  for (const body of [{ profile: 'best' }, { loudness: 0 }, { loudness: 'loud' }, { loudness: -41 }]) {
    const { statusCode, body: said } = await service.post(`/api/videos/${id}/process`, body)
    t.equal(statusCode, 400)
    t.match(said, Object.keys(body)[0])
  }
  const enqueue = `select ops.enqueue_task('process_video', args => $1)`
  const args = JSON.stringify({ video_id: id, profile: 'best' })
  await t.rejects(service.db.pool.query(enqueue, [args]), /profile/)
})
