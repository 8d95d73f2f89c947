import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { darkroomAt, skipWithoutTerminal } from '../harness/cli.ts'
import { borrowDatabase } from '../harness/database.ts'
import { addressOf, startProgram } from '../harness/program.ts'
import { until } from '../harness/until.ts'

t.jobs = 2

for (const [command, ready] of Object.entries({ api: 'answers: http', worker: 'worker ready' })) {
  t.test(`${command} ends although its log has no reader any more`, async t => {
    const started = await startProgram(t, command, { env: { DATABASE_URL: await borrowDatabase(t) } })
    await started.heard(ready)

    started.stdout.destroy()
    started.kill('SIGINT')

    t.strictSame(await started.exited, { code: 0, signal: null })
  })
}

t.test('a slow reader of the log blocks no request, and misses no line', async t => {
  const started = await startProgram(t, 'api', { env: { DATABASE_URL: await borrowDatabase(t) } })
  const address = await addressOf(started)
  const many = 600

  started.stdout.pause()
  for (let count = 0; count < many; count++) {
    const response = await fetch(`${address}/api/tasks/${count}/${'x'.repeat(500)}`)
    t.equal(response.status, 404)
    await response.text()
  }
  started.stdout.resume()

  const told = () => started.said.filter(line => line.includes('"msg":"request"')).length
  await until(() => told() === many, 'every line has come')
  started.kill('SIGTERM')
  t.strictSame(await started.exited, { code: 0, signal: null })
})

t.test('one line says why a film failed, found by its id: JSON in a pipe', async t => {
  const started = await startProgram(t, 'server', { env: { DATABASE_URL: await borrowDatabase(t) } })
  const { id, task_id } = await uploadNoFilm(await addressOf(started))
  await started.heard('task failed')

  const lines = started.said.filter(line => line.includes(id) && line.includes('task failed'))
  t.equal(lines.length, 1)
  t.match(JSON.parse(lines[0]!), {
    level: 40,
    task: task_id,
    video_id: id,
    kind: 'process_video',
    attempt: 1,
    outcome: 'failure',
    ms: Number,
    request_id: 'of-the-upload',
    error: { type: String, message: /video/ }
  })
  const requests = started.said.filter(line => line.includes('"msg":"request"') && line.includes('/api/videos"'))
  t.match(
    requests.map(line => JSON.parse(line)),
    [{ method: 'POST', status: 201, request_id: 'of-the-upload' }]
  )
})

t.test('and a readable one at a terminal', { skip: skipWithoutTerminal }, async t => {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-log-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const darkroom = darkroomAt(folder, { DATABASE_URL: await borrowDatabase(t), PORT: '0', WORKER_CONCURRENCY: '1' })
  let film: Promise<{ id: string }> | undefined

  const { shown, code } = await darkroom.inTerminal(200, ['server'], shown => {
    const address = /is ready: (http:\S+)/.exec(stripVTControlCharacters(shown))?.[1]
    if (address) film ??= uploadNoFilm(address)
    // Ctrl-C.
    return shown.includes('task failed') ? '\x03' : undefined
  })

  t.equal(code, 0)
  const { id } = await film!
  const lines = stripVTControlCharacters(shown).split(/\r?\n/)
  const [line] = lines.filter(line => line.includes('task failed'))
  t.match(line, /^\[?\d\d:\d\d:\d\d\.\d{3}\]? WARN: task failed/)
  t.ok(
    line?.includes(id) && line.includes('process_video') && line.includes('"outcome":"failure"'),
    'with what it is about'
  )
  t.strictSame(
    lines.filter(line => line.startsWith('{"level"')),
    []
  )
})

async function uploadNoFilm(address: string): Promise<{ id: string; task_id: string }> {
  const form = new FormData()
  form.set('video', new Blob(['no film']), 'film.mp4')
  const headers = { 'x-request-id': 'of-the-upload' }
  return (await fetch(`${address}/api/videos`, { method: 'POST', body: form, headers })).json() as any
}
