import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { darkroomAt, skipWithoutTerminal } from '../harness/cli.ts'
import { local, openReceiver } from '../harness/receiver.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

const home = await mkdtemp(path.join(tmpdir(), 'darkroom-cli-'))
t.teardown(() => rm(home, { recursive: true, force: true }))
const service = await openService(t, { env: local, worker: true })
const address = await service.listen()
const darkroom = darkroomAt(home, { DARKROOM_URL: address })

t.test('a schedule from its first day to its last', async t => {
  const settings = [
    '--kind',
    'process_data',
    '--args',
    '{"data": "x"}',
    '--timezone',
    'Europe/Berlin',
    '--missed',
    'once'
  ]
  const more = ['--priority', '3', '--tag', 'a,b', '--overlap', 'skip', '--json']
  const added = await darkroom(['schedule', 'add', 'nightly', ...settings, '--cron', '30 2 29 2 *', ...more])
  const { id, ...body } = JSON.parse(added.out)
  t.match(body, { cron: '30 2 29 2 *', timezone: 'Europe/Berlin', missed: 'once', priority: 3, tags: ['a', 'b'] })
  t.match(await darkroom(['schedule', 'add', 'nightly', ...settings, '--every', '5m']), { code: 1, err: /nightly/ })
  t.match(
    await darkroom.json('schedule', 'add', 'once', '--kind', 'process_data', '--args', '{"data": "x"}', '--at', '2h'),
    {
      every: null,
      cron: null,
      enabled: true
    }
  )

  t.match(
    (await darkroom(['schedule', 'list', '--system', 'no'])).out,
    /^once .*\n?^nightly +enabled +30 2 29 2 \* \(Europe\/Berlin\)/ms
  )
  t.match(await darkroom.json('schedule', 'preview', 'nightly', '--count', '3'), { items: { length: 3 } })
  const { task_id } = await darkroom.json('schedule', 'run', 'nightly')
  await service.finished(task_id)
  t.match(await darkroom.json('task', 'list', '--schedule', 'nightly'), { items: [{ id: task_id, schedule_id: id }] })
  t.match(
    (await darkroom(['schedule', 'show', id])).out,
    new RegExp(`^name +nightly$.*fired.*manual.*${task_id}`, 'ms')
  )

  t.match(await darkroom.json('schedule', 'disable', 'nightly'), { enabled: false, next_run_at: null })
  t.match(await darkroom(['schedule', 'enable', 'nightly', 'once']), {
    code: 0,
    out: /^nightly is enabled, next in .*\nonce is enabled/
  })
  t.match(
    await darkroom.json('schedule', 'edit', 'nightly', '--every', '5m', '--unset', 'priority', '--name', 'often'),
    {
      id,
      name: 'often',
      every: 300,
      cron: null,
      priority: null
    }
  )
  t.match(await darkroom(['schedule', 'remove', 'often', 'nobody', 'once']), {
    code: 1,
    out: 'often is removed\nonce is removed\n',
    err: /^nobody: There is no schedule/
  })
})

t.test('queues are paused, resumed and purged by name', async t => {
  // Not the one of house-keeping, whose tasks would be counted.
  const id = await service.submit('add', { x: 1, y: 1 }, { countdown: 3600, queue: 'high_priority' })
  t.match(await darkroom.json('queue', 'pause', 'high_priority', '--reason', 'the disk is full', '--until', '2h'), {
    name: 'high_priority',
    paused: true,
    reason: 'the disk is full'
  })
  t.match((await darkroom(['queue', 'list'])).out, /^high_priority +paused .* in 1 h +the disk is full$/m)
  t.match(await darkroom(['queue', 'resume', 'high_priority']), {
    code: 0,
    out: 'high_priority is open; tasks that wait in it: 0\n'
  })
  if (!skipWithoutTerminal) {
    const { code, shown } = await darkroom.inTerminal(80, ['queue', 'purge', 'high_priority'], shown =>
      shown.includes('[y/N]') ? 'n\r' : undefined
    )
    t.equal(code, 1)
    t.match(shown, /Nothing was purged/)
    t.match((await service.get(`/api/tasks/${id}`)).json(), { status: 'SCHEDULED' })
  }
  t.strictSame(await darkroom(['queue', 'purge', 'high_priority']), {
    code: 0,
    out: 'Revoked 1 task of high_priority\n',
    err: ''
  })
  t.match(await darkroom(['queue', 'pause', 'nowhere']), { code: 1, err: 'There is no queue named "nowhere"\n' })
})

t.test('a webhook from its first message to its last', async t => {
  const receiver = await openReceiver(t)
  const hook = receiver.url
  const { id, secret } = await darkroom.json(
    'webhook',
    'add',
    hook,
    '--type',
    'task.failed,task.completed',
    '--kind',
    'add',
    '--description',
    'ours'
  )
  t.match(secret, /^whsec_/)
  t.match(await darkroom(['webhook', 'test', hook]), { code: 0, out: /^msg_\S+ is delivered: 204 in \d+ ms\n$/ })
  t.match(receiver.received, [{ body: { type: 'webhook.test' } }])
  receiver.answer = response => response.writeHead(500).end()
  t.match(await darkroom(['webhook', 'test', id]), { code: 1, out: '', err: /^msg_\S+ is not delivered: .*500/ })

  t.match((await darkroom(['webhook', 'list'])).out, new RegExp(`^${id} +enabled +${hook}`, 'm'))
  t.match(await darkroom.json('webhook', 'edit', hook, '--unset', 'kind', '--ordered', 'yes'), {
    tasks: null,
    ordered: true
  })
  t.match((await darkroom(['webhook', 'show', hook])).out, /^ordered +yes$/m)
  t.not((await darkroom.json('webhook', 'rotate', hook, '--overlap', '1h')).secret, secret)
  t.match(await darkroom.json('webhook', 'deliveries', hook, '--status', 'delivered'), { items: { length: 1 } })
  t.strictSame(await darkroom.json('webhook', 'replay', hook, '--since', '1h', '--only', 'all'), { replayed: 1 })
  t.match(await darkroom(['webhook', 'replay', hook]), { code: 2, err: /--since/ })
  t.match(await darkroom.json('webhook', 'remove', hook), { removed: hook })
  t.match(await darkroom(['webhook', 'show', id]), { code: 1, err: /There is no webhook/ })
  t.match(await darkroom(['webhook', 'add', 'http://10.0.0.1/']), { code: 1, err: /url/ })
})

t.test('workers are paused, resumed and stopped by id or host', async t => {
  const { items } = await darkroom.json('worker', 'list')
  const { id, host, pid } = items[0]
  t.match(await darkroom.json('worker', 'pause', host), { id, paused: true })
  t.match((await darkroom(['worker', 'list'])).out, new RegExp(`^${id} +paused +${host}:${pid} +0/2`, 'm'))
  t.match(await darkroom.json('worker', 'resume', `${host}:${pid}`), { id, paused: false })
  t.match(await darkroom(['worker', 'pause', 'nowhere']), { code: 1, err: /There is no worker/ })
  t.match(await darkroom(['worker', 'stop', id]), { code: 0, out: `${host}:${pid} ends after its running tasks: 0\n` })
  await until(async () => (await darkroom.json('worker', 'list')).items[0].status === 'stopped', 'it has stopped')
  t.match(await darkroom(['worker', 'stop', '--cold', id]), { code: 1, err: /stopped/ })
})

t.test('problems: listed with an exit code for scripts, silenced, and what failed', async t => {
  const listed = await darkroom(['problem', 'list'])
  t.match(listed, { code: 1, out: /^SEVERITY .*\nCRITICAL +no_workers +service:workers +– +– +No worker runs/ })
  t.match(await darkroom(['problem', 'silence', 'no_workers', '--until', '2h', '--reason', 'a move']), {
    code: 0,
    out: 'Webhooks are told nothing of no_workers; that ends in 1 h\n'
  })
  const { items } = await darkroom.json('problem', 'list')
  t.match(items.at(-1), { code: 'no_workers', silenced_until: String })
  t.match(await darkroom(['problem', 'list']), { code: 0, out: /no_workers.*in 1 h/ }, 'what is silenced is known')
  t.match(await darkroom(['problem', 'silence', 'queue_old', '--subject', 'media']), { code: 2, err: /queue:media/ })
  t.match(await darkroom(['problem', 'unsilence', 'no_workers', '--subject', 'queue:x']), {
    code: 1,
    err: /No silence/
  })
  t.match(await darkroom(['problem', 'unsilence', 'no_workers']), { code: 0, out: /are told of no_workers again/ })
  t.match(await darkroom.json('problem', 'history', '--state', 'closed'), { items: [] })

  await service.db.pool.query(`
    insert into darkroom.tasks (id, task, queue, state, result_expires, error, finished_at)
    values (gen_random_uuid(), 'add', 'default', 'FAILURE', 60, '{"type": "Error", "message": "row 7 is gone"}', now())`)
  t.match(
    (await darkroom(['error', 'list', '--kind', 'add'])).out,
    /^FINGERPRINT .*\n\S+ +1 +add .* Error +row <n> is gone$/m
  )
  const { fingerprint } = (await darkroom.json('error', 'list')).items[0]
  t.match((await darkroom(['error', 'show', fingerprint])).out, /^add: Error\nrow <n> is gone\n\nID .*row 7 is gone/s)
  t.match(await darkroom(['error', 'show', 'nothing']), { code: 1, err: /nothing/ })
})

t.test('the dashboard is opened in the browser', async t => {
  const browser = path.join(home, 'browser')
  await writeFile(browser, `#!/bin/sh\necho "$1" > ${browser}.opened\n`, { mode: 0o755 })
  t.strictSame(await darkroom.json('open'), { url: `${address}/ui` })
  t.match(await darkroom(['open']), { code: 0, out: `${address}/ui\n`, err: /no browser/ })
  t.match(await darkroom(['open'], { BROWSER: browser }), { code: 0, err: '' })
  t.equal(await until(() => readFile(`${browser}.opened`, 'utf8').catch(() => ''), 'it is opened'), `${address}/ui\n`)
})

t.test('the audit and sessions are listed, and a session is ended', async t => {
  const first = JSON.parse((await darkroom(['audit', '--action', 'queue.*', '--limit', '1', '--json'])).out)
  t.match(first.items, [{ action: /^queue\./, target: { type: 'queue' }, outcome: 'done' }])
  const { code, out } = await darkroom(['audit', '--actor', 'anonymous', '--since', '1h'])
  t.equal(code, 0)
  t.match(out, /^AT +ACTOR +ACTION/)
  t.match(out, /anonymous +queue\.pause +queue high_priority/)
  t.match(await darkroom(['audit', '--since', 'yesterday-ish']), { code: 2, err: /--since/ })
  const watching = darkroom.start(['audit', '--watch', '--json', '--limit', '1'])
  t.teardown(() => watching.kill())
  await service.post('/api/queues/default/pause')
  await service.post('/api/queues/default/resume')
  for await (const line of createInterface(watching.stdout)) {
    if (JSON.parse(line).items[0].action !== 'queue.resume') continue
    t.pass('it is told of what happens')
    break
  }

  const { key } = (await service.post('/api/keys', { name: 'anna', preset: 'admin' })).json()
  const keyed = { DARKROOM_KEY: key }
  await service.post('/api/session', { key }, { host: 'localhost' })
  const { items } = JSON.parse((await darkroom(['session', 'list', '--json'], keyed)).out)
  t.match(items, [{ key: { name: 'anna' }, mine: false }])
  t.match(
    (await darkroom(['session', 'list', '--key', items[0].key.id], keyed)).out,
    new RegExp(`^${items[0].id} +anna`, 'm')
  )
  t.match(await darkroom(['session', 'end', items[0].id, 'nothing'], keyed), {
    code: 1,
    out: `${items[0].id} is signed out\n`,
    err: /^nothing: There is no session/
  })
})
