import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { withoutLauncher } from '../harness/lock.ts'
import { openService, type Service } from '../harness/service.ts'
import { spawnWorker } from '../harness/worker-process.ts'

const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-media-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))

async function script(name: string, text: string) {
  const file = path.join(folder, name)
  await writeFile(file, `#!/bin/sh\n${text}\n`)
  await chmod(file, 0o755)
  return file
}

const broken = await script('broken', 'echo "no such library" >&2; exit 1')

const sandboxOf = async (service: Service) => (await service.get('/health/ready')).json().media_sandbox
const codesOf = async (service: Service, url: string) =>
  (await service.get(url)).json().items.filter(({ code }: { code: string }) => code.startsWith('media'))

t.test('a worker proves its sandbox, says so, and makes films in it', { skip: withoutLauncher }, async t => {
  const service = await openService(t, { env: { MEDIA_SANDBOX: 'required' } })
  const before = await sandboxOf(service)
  const worker = await spawnWorker(t, service, { WORKER_HEALTH_PORT: '0', MEDIA_SANDBOX: 'required' })
  const { health } = JSON.parse(await worker.heard('"health"'))
  const { task_id } = await service.keep(await shoot({ size: '320x180', seconds: 1 }))

  t.match(before, { files: null, network: null, proved_at: null })
  const expected = { files: /^landlock-\d+$/, network: 'seccomp', proved_at: /^\d{4}-.*Z$/, missing: [] }
  t.match(await sandboxOf(service), expected)
  t.strictSame(Object.keys(await sandboxOf(service)), ['files', 'network', 'proved_at', 'missing'])
  t.match(await (await fetch(`${health}/health/ready`)).json(), { status: 'ready', media_sandbox: expected })
  t.match((await service.get('/api/workers')).json().items[0].media_sandbox, { ...expected, user: /^(own|same)$/ })
  t.match(await worker.heard('ffmpeg is locked in'), /"files":"landlock-\d+","network":"seccomp"/)
  t.strictSame([await codesOf(service, '/api/doctor'), await codesOf(service, '/api/problems')], [[], []])
  t.match(await service.finished(task_id), { state: 'SUCCESS' })
})

t.test('without a proved sandbox MEDIA_SANDBOX=required lets films wait, and nothing else', async t => {
  const lines: { msg: string }[] = []
  const env = { MEDIA_SANDBOX: 'required', FFMPEG_PATH: broken }
  const service = await openService(t, { worker: true, env, hear: line => lines.push(line) })
  const { task_id } = await service.keep(await shoot({ size: '320x180', seconds: 1 }))
  const other = await service.submit('add', { x: 1, y: 2 })

  t.match(await service.finished(other), { state: 'SUCCESS' })
  const why = (await service.get(`/api/tasks/${task_id}/why`)).json()
  t.match(why, { code: 'no_sandbox', sentence: /^MEDIA_SANDBOX is "required".*no such library.*restart the worker$/ })
  t.equal((await service.get('/health/ready')).statusCode, 200)
  t.match(await sandboxOf(service), {
    files: null,
    network: null,
    proved_at: null,
    missing: [
      { layer: 'files', why: /no such library/, how: String },
      { layer: 'network', why: /no such library/, how: String }
    ]
  })
  t.match(await codesOf(service, '/api/problems'), [
    { code: 'media_unlocked', severity: 'critical', sentence: /^Films wait/ }
  ])
  t.match(await codesOf(service, '/api/doctor'), [{ code: 'media_unlocked', severity: 'critical', why: /^Films wait/ }])
  t.ok(lines.some(({ msg }) => /so films wait/.test(msg)))

  const second = await service.startWorker({ MEDIA_SANDBOX: 'off', FFMPEG_PATH: '' })
  t.match(await service.finished(task_id), { state: 'SUCCESS', worker: second.id })
})

t.test('MEDIA_SANDBOX=auto goes on without one and warns, off is told by the doctor alone', async t => {
  const lines: { msg: string; level: number }[] = []
  const service = await openService(t, { env: { FFMPEG_PATH: broken }, hear: line => lines.push(line) })
  const worker = await service.startWorker()
  t.match(await codesOf(service, '/api/problems'), [{ code: 'media_unlocked', severity: 'warning' }])
  t.match(await codesOf(service, '/api/doctor'), [{ code: 'media_unlocked', severity: 'warning', fix: String }])
  t.ok(lines.some(({ msg, level }) => level === 40 && /the media sandbox has gaps/.test(msg)))

  await worker.stop(0)
  await service.startWorker({ MEDIA_SANDBOX: 'off' })
  t.match(await codesOf(service, '/api/problems'), [])
  t.match(await codesOf(service, '/api/doctor'), [{ code: 'media_sandbox_off', severity: 'notice' }])
  t.match(await sandboxOf(service), { files: null, missing: [{ why: 'MEDIA_SANDBOX=off' }, {}] })
})

t.test('an ffmpeg that was taken over gets nowhere, and its attempt fails', { skip: withoutLauncher }, async t => {
  // Honest until it is to encode; its exit code then counts what it has reached.
  const fake = await script(
    'fake',
    `case "$*" in *source.wav*|*-filters*|*framecrc*) exec ffmpeg "$@";; esac
    got=40
    reach() { "$@" >/dev/null 2>&1 && got=$((got+1)); }
    reach cat /etc/passwd
    reach cat /proc/$PPID/environ
    reach cp /proc/self/status ${folder}/written
    reach touch ${folder}/touched
    reach kill -9 $PPID
    reach unshare -Urn true
    reach setsid true
    exit $got`
  )
  const service = await openService(t, { worker: true, env: { MEDIA_SANDBOX: 'required', FFMPEG_PATH: fake } })
  const { task_id } = await service.keep(await shoot({ size: '320x180', seconds: 1 }))
  const task = await service.until(task_id, ({ state }) => state === 'RETRY' || state === 'FAILURE')

  t.match(task.error, { message: /^ffmpeg ended with code 40/ })
  const { items } = (await service.get(`/api/tasks/${task_id}/attempts`)).json()
  t.match(items[0], { outcome: 'failure' })
  t.match((await service.get('/api/workers')).json().items, [{ status: 'running' }])
})
