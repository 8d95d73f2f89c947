import t from 'tap'
import { openPage, skipWithoutBrowser } from '../harness/browser.ts'
import { openService } from '../harness/service.ts'

t.test('the client for browsers is one file that imports nothing', async t => {
  const service = await openService(t)

  const { statusCode, headers, body } = await service.get('/client.js')

  t.equal(statusCode, 200)
  t.match(headers, { 'content-type': 'text/javascript; charset=utf-8', 'x-content-type-options': 'nosniff' })
  t.match(headers['cache-control'], /max-age=\d+/)
  t.notMatch(body, /^\s*import\b|\bfrom '/m)
  t.match(body, /^export \{\n {2}DarkroomError,\n {2}TaskFailed,\n {2}connect\n\};$/m)
  const again = await service.get('/client.js', { 'if-none-match': String(headers.etag) })
  t.equal(again.statusCode, 304)
  t.equal(again.body, '')
})

t.test('the client works in a browser as in Node', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t, { worker: true })
  const address = await service.listen()
  const { page, complaints } = await openPage(t, address)
  await page.goto(`${address}/docs`)

  // This function runs in the page.
  const found: any = await page.evaluate(async () => {
    const { connect, DarkroomError, TaskFailed } = await import('/client.js' as string)
    const darkroom = connect()
    const { id } = await darkroom.submit('add', { x: 4, y: 6 })
    const { result } = await darkroom.wait(id, { timeout: 20 })

    const states: string[] = []
    const sleep = await darkroom.submit('sleep', { seconds: 60 })
    for await (const { state } of darkroom.watch(sleep.id)) {
      states.push(state)
      if (state === 'STARTED' && !states.slice(0, -1).includes(state)) await darkroom.cancel(sleep.id)
    }
    const failed = await darkroom.wait(sleep.id).catch((error: unknown) => error)

    const steps: { loaded: number; total: number }[] = []
    const film = new File([new Uint8Array(3_000_000)], 'film.mp4', { type: 'video/mp4' })
    const uploaded = await darkroom.uploadVideo(film, { onProgress: (step: any) => steps.push(step) })
    const giveUp = new AbortController()
    giveUp.abort('enough')
    const gaveUp = await darkroom.uploadVideo(film, { signal: giveUp.signal }).catch((reason: unknown) => reason)

    const ids: string[] = []
    for await (const task of darkroom.tasks({ limit: 2 })) ids.push(task.id)
    return {
      result,
      states,
      failed: failed instanceof TaskFailed && failed instanceof DarkroomError && failed.type,
      last: steps.at(-1),
      uploaded,
      gaveUp,
      // Without the internal tasks of the service.
      tasks: [id, sleep.id, uploaded.task_id].every(mine => ids.includes(mine)),
      video: (await darkroom.video(uploaded.id)).bytes
    }
  })

  t.match(found, {
    result: 10,
    failed: 'cancelled',
    last: { loaded: 3_000_000, total: 3_000_000 },
    uploaded: { filename: 'film.mp4', bytes: 3_000_000, status: 'uploaded' },
    gaveUp: 'enough',
    tasks: true,
    video: 3_000_000
  })
  t.equal(found.states.at(-1), 'REVOKED')
  t.ok(found.states.includes('STARTED'))
  t.strictSame(complaints, [])
})

t.test('a page goes on with an upload after a reload', { skip: skipWithoutBrowser }, async t => {
  const service = await openService(t)
  const address = await service.listen()
  const { page, complaints } = await openPage(t, address)
  const send = () =>
    page.evaluate(async () => {
      const { connect } = await import('/client.js' as string)
      const file = new File([new Uint8Array(3_000_000).fill(7)], 'film.mp4', { lastModified: 1 })
      const giveUp = new AbortController()
      const steps: number[] = []
      const again = localStorage.length > 0
      const sent = await connect()
        .uploadVideo(file, {
          signal: giveUp.signal,
          onProgress({ loaded }: { loaded: number }) {
            steps.push(loaded)
            if (!again) giveUp.abort('reload')
          }
        })
        .catch((reason: unknown) => reason)
      return { sent, first: steps[0], kept: localStorage.length }
    })

  await page.goto(`${address}/docs`)
  const before = await send()
  await page.reload()
  const after = await send()

  t.match(before, { sent: 'reload', kept: 1 })
  t.match(after, { sent: { filename: 'film.mp4', bytes: 3_000_000 }, first: before.first, kept: 0 })
  t.equal((await service.get('/api/videos')).json().items.length, 1)
  t.strictSame(complaints, [])
})
