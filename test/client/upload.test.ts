import { createHash, randomBytes } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connect } from 'darkroom/client'
import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { leftovers, nothing } from '../harness/leftovers.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

const megabyte = 1024 * 1024

t.test('a film is uploaded from a file, with progress, and becomes ready', async t => {
  const service = await openService(t, { worker: true })
  const darkroom = connect(await service.listen())
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-client-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const film = await shoot()
  await writeFile(path.join(folder, 'film.mp4'), film)
  const steps: { loaded: number; total: number }[] = []

  const uploaded = await darkroom.uploadVideo(await openAsBlob(path.join(folder, 'film.mp4')), {
    filename: 'my "first" film.mp4',
    onProgress: step => steps.push(step)
  })
  await darkroom.wait(uploaded.task_id)

  t.match(uploaded, {
    filename: 'my "first" film.mp4',
    bytes: film.length,
    sha256: createHash('sha256').update(film).digest('hex'),
    status: 'uploaded'
  })
  t.strictSame(steps.at(-1), { loaded: film.length, total: film.length })
  t.match(await darkroom.video(uploaded.id), { id: uploaded.id, status: 'ready', processed: true })
})

t.test('progress rises to the size of the file, and the film has the name of the file', async t => {
  const service = await openService(t)
  const darkroom = connect(await service.listen())
  const content = randomBytes(5 * megabyte)
  const steps: number[] = []

  const { filename, bytes } = await darkroom.uploadVideo(new File([content], 'größe.mp4'), {
    onProgress: ({ loaded }) => steps.push(loaded)
  })

  t.match({ filename, bytes }, { filename: 'größe.mp4', bytes: content.length })
  t.ok(steps.length > 1)
  t.strictSame(
    steps,
    steps.toSorted((one, other) => one - other)
  )
  t.equal(steps.at(-1), content.length)
})

t.test('a file that is uploaded twice under one key is one film', async t => {
  const service = await openService(t)
  const darkroom = connect(await service.listen())
  const send = (content: string) => darkroom.uploadVideo(new File([content], 'a.mp4'), { idempotency_key: 'holiday' })

  const first = await send('film')
  const again = await send('film')

  t.strictSame(again, first)
  t.match(await leftovers(service), { videos: 1, uploads: 1 })
  await t.rejects(send('another film'), { code: 'IDEMPOTENCY_KEY_REUSED', status: 409 })
})

t.test("a file that is too large is refused with the server's error", async t => {
  const service = await openService(t, { env: { MAX_UPLOAD_BYTES: String(megabyte) } })
  const darkroom = connect(await service.listen())

  const uploading = darkroom.uploadVideo(new Blob([Buffer.alloc(20 * megabyte)]))

  await t.rejects(uploading, { name: 'DarkroomError', code: 'UPLOAD_TOO_LARGE', status: 413 })
  await t.rejects(darkroom.uploadVideo(new Blob([])), { code: 'UPLOAD_EMPTY', status: 400 })
  t.strictSame(await leftovers(service), nothing)
})

t.test('an aborted upload ends at once and, where nothing could go on with it, leaves no file', async t => {
  const service = await openService(t)
  const darkroom = connect(await service.listen())
  const giveUp = new AbortController()
  const reason = new Error('enough')

  const uploading = darkroom.uploadVideo(new Blob([Buffer.alloc(50 * megabyte)]), {
    signal: giveUp.signal,
    onProgress: () => giveUp.abort(reason)
  })

  await t.rejects(uploading, reason)
  await until(async () => JSON.stringify(await leftovers(service)) === JSON.stringify(nothing), 'nothing is left')
  await t.rejects(darkroom.uploadVideo(new Blob(['x']), { signal: AbortSignal.abort(reason) }), reason)
})

t.test('an upload under a key goes on where it was aborted', async t => {
  const service = await openService(t)
  const content = randomBytes(3 * megabyte)
  const giveUp = new AbortController()
  const sent: number[] = []
  const darkroom = connect(await service.listen(), {
    fetch: (input, init) => {
      if (init?.method === 'PATCH') sent.push((init.body as unknown as Blob).size)
      return fetch(input, init)
    }
  })
  const send = (options = {}) =>
    darkroom.uploadVideo(new File([content], 'a.mp4'), { idempotency_key: 'holiday', ...options })

  await t.rejects(send({ signal: giveUp.signal, onProgress: () => giveUp.abort(new Error('enough')) }))
  const begun = sent.splice(0).length
  const steps: number[] = []
  const { sha256 } = await send({ onProgress: ({ loaded }: { loaded: number }) => steps.push(loaded) })

  t.equal(begun, 1)
  t.equal(sha256, createHash('sha256').update(content).digest('hex'))
  t.ok(steps[0]! >= megabyte, 'what was there is not sent again')
  t.equal(
    sent.reduce((sum, size) => sum + size),
    content.length - megabyte
  )
})

t.test('an upload survives answers that are lost, refused or wrong', async t => {
  const service = await openService(t)
  const content = randomBytes(4 * megabyte)
  const troubles: ((send: () => Promise<Response>) => Promise<Response>)[] = [
    // The answer is lost, and the bytes have arrived.
    async send => send().then(() => Promise.reject(new TypeError('network'))),
    async () => Response.json({ code: 'UPLOAD_LOCKED', detail: 'x' }, { status: 423, headers: { 'retry-after': '0' } })
  ]
  const darkroom = connect(await service.listen(), {
    async fetch(input, init) {
      const send = () => fetch(input, init)
      const trouble = init?.method === 'PATCH' ? troubles.shift() : undefined
      return trouble ? trouble(send) : send()
    }
  })

  const { sha256, bytes } = await darkroom.uploadVideo(new File([content], 'a.mp4'))

  t.strictSame(troubles, [])
  t.match({ sha256, bytes }, { sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length })
  t.match(await leftovers(service), { videos: 1, parts: [] })
})
