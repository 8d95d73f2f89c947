import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { darkroomAt, skipWithoutTerminal } from '../harness/cli.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'

const home = await mkdtemp(path.join(tmpdir(), 'darkroom-cli-'))
t.teardown(() => rm(home, { recursive: true, force: true }))
const TASKS_DIR = await taskFolder(t, {
  'talker.ts': taskModule(
    'talker',
    `console.log('one'); progress(0.5); await delay(args.ms ?? 0, undefined, { signal }); console.log('two'); return attempt`
  ),
  'broken.ts': taskModule('broken', `throw new Error('no \\u001b[31mred\\u001b[0m today')`, 'max_retries: 0')
})
const service = await openService(t, { env: { TASKS_DIR }, worker: true })
const darkroom = darkroomAt(home, { DARKROOM_URL: await service.listen() })

t.test('a task from its submission to its result', async t => {
  const { code, out, err } = await darkroom(['task', 'submit', 'add', '--args', '{"x": 4, "y": 6}', '--priority', '9'])
  t.strictSame({ code, err }, { code: 0, err: '' })
  const id = out.trim()
  t.strictSame(await darkroom(['task', 'wait', id]), { code: 0, out: '10\n', err: '' })

  const task = await darkroom.json('task', 'show', id)
  t.match(task, { id, task: 'add', status: 'COMPLETED', priority: 9, result: 10 })
  t.match((await darkroom(['task', 'show', id])).out, /^kind +add\n.*^status +COMPLETED\n.*^args +{"x":4,"y":6}$/ms)
  t.match((await darkroom(['task', 'why', id])).out, /^finished: /)
  t.notMatch((await darkroom(['task', 'show', id])).out, /^trace/m)
  t.match((await darkroom.json('task', 'timeline', id)).items.at(-1), { state: 'SUCCESS' })
})

t.test('the trace in which a task was submitted is found by its id', async t => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const body = { task: 'add', args: { x: 4, y: 6 } }
  const traced = (await service.post('/api/tasks', body, { traceparent: `00-${trace}-00f067aa0ba902b7-01` })).json()
  t.match((await darkroom(['task', 'show', traced.id])).out, new RegExp(`^trace +${trace}$`, 'm'))
})

t.test('options of a submission arrive, and a file or stdin may have the arguments', async t => {
  const options = ['--queue', 'low_priority', '--countdown', '1h', '--tag', 'a,b', '--tag', 'c', '--name', 'mine']
  const more = ['--max-retries', '7', '--retry-backoff', 'no', '--expires', '2d', '--idempotency-key', 'once']
  const args = ['task', 'submit', 'process_data', '--args', '-', ...options, ...more, '--json']
  const first = JSON.parse((await darkroom(args, { input: '{"data": "x"}' })).out)
  t.match(first, {
    args: { data: 'x' },
    queue: 'low_priority',
    status: 'SCHEDULED',
    tags: ['a', 'b', 'c'],
    max_retries: 7
  })
  t.ok(Math.abs(Date.parse(first.eta) - Date.parse(first.created_at) - 3_600_000) < 1_000)

  // By its name, too.
  t.match(await darkroom.json('task', 'show', 'mine'), { id: first.id })
  t.match(
    (await darkroom(['task', 'why', 'mine'])).out,
    new RegExp(`^scheduled: .*type {3}darkroom task cancel ${first.id}`, 's')
  )
  t.match(await darkroom.json('task', 'cancel', 'mine'), { id: first.id, status: 'CANCELLED' })
  t.match(await darkroom.json('task', 'retry', first.id), { id: first.id })
})

t.test('a task that fails: exit code 1, the reason on stderr, no escape of it reaches the terminal', async t => {
  const id = (await darkroom(['task', 'submit', 'broken'])).out.trim()
  const { code, out, err } = await darkroom(['task', 'wait', id])
  t.strictSame({ code, out }, { code: 1, out: '' })
  t.match(err, /^The task is FAILED: Error, no .*red.* today\n$/)
  t.notMatch(err, '\u001b')
  t.match(await darkroom(['task', 'submit', 'broken', '--wait', '--json']), { code: 1, out: /"status": "FAILED"/ })

  const slow = (await darkroom(['task', 'submit', 'sleep', '--args', '{"seconds": 60}'])).out.trim()
  t.match(await darkroom(['task', 'wait', slow, '--timeout', '0.1']), { code: 1, err: /is not finished after 0\.1 s/ })
  await service.until(slow, ({ state }) => state === 'STARTED')
  t.match(await darkroom(['task', 'cancel', slow, id, '--wait', '60']), {
    code: 1,
    out: `${slow} is cancelled\n`,
    err: new RegExp(`^${id}: `)
  })
})

t.test('lists have the filters of the API, and the answer of the API as JSON', async t => {
  const { items, next_cursor } = await darkroom.json(
    'task',
    'list',
    '--kind',
    'broken',
    '--status',
    'FAILED',
    '--limit',
    '1'
  )
  t.match(items, [{ task: 'broken', status: 'FAILED' }])
  const more = await darkroom.json(
    'task',
    'list',
    '--kind',
    'broken',
    '--status',
    '-COMPLETED',
    '--cursor',
    next_cursor
  )
  t.equal(more.items.length, 1)
  t.notMatch(more.items, items)
  const worker = (await darkroom.json('worker', 'list')).items[0]
  const byWorker = await darkroom.json(
    'task',
    'list',
    '--worker',
    `${worker.host}:${worker.pid}`,
    '--created-after',
    '1h'
  )
  t.ok(byWorker.items.length >= 3)
  t.match((await darkroom(['task', 'list', '--kind', 'none'])).out, /^ID +STATUS +KIND/)
  await service.post('/api/tasks/bulk', {
    tasks: Array.from({ length: 1_050 }, () => ({
      task: 'add',
      args: { x: 1, y: 1 },
      countdown: 3600,
      queue: 'low_priority'
    }))
  })
  t.equal((await darkroom.json('task', 'list', '--status', 'SCHEDULED', '--limit', '1040')).items.length, 1040)
})

t.test('a log is followed to the end', async t => {
  const { id } = await darkroom.json('task', 'submit', 'talker', '--args', '{"ms": 1500}')
  await service.until(id, ({ state }) => state === 'STARTED')
  const { code, out } = await darkroom(['task', 'log', id, '--follow'])
  t.equal(code, 0)
  t.match(out, /one.*two/s)
  t.equal((await darkroom(['task', 'log', id])).out, out)
  t.match((await darkroom.json('task', 'log', id)).items, [{ attempt: 1, ended: true }])
  const lines = (await darkroom(['task', 'log', id, '--follow', '--json'])).out.trim().split('\n')
  t.match(lines.map(line => JSON.parse(line).text).join(''), /one.*two/s)
})

t.test('tables fit the terminal, and are whole elsewhere', { skip: skipWithoutTerminal }, async t => {
  const whole = (await darkroom(['task', 'list', '--kind', 'broken'])).out
  t.match(whole, /FAILED +broken +default/)
  t.notOk(whole.includes('…') || whole.includes('\u001b'))
  for (const columns of [40, 72, 100]) {
    const { code, shown } = await darkroom.inTerminal(columns, ['task', 'list', '--kind', 'broken'])
    t.equal(code, 0)
    const lines = stripVTControlCharacters(shown).trimEnd().split(/\r?\n/)
    t.ok(
      lines.every(line => line.length <= columns),
      shown
    )
    t.match(
      lines.filter(line => /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/.test(line)),
      { length: 2 },
      'ids are whole'
    )
    t.equal(shown.includes('\u001b[31mFAILED'), columns > 40, 'with colours')
  }
  const { shown } = await darkroom.inTerminal(60, ['queue', 'list'])
  t.match(stripVTControlCharacters(shown), /^high_priority +open +0/m)
})

t.test('a list that is watched is drawn again, and tells changes where there is no terminal', async t => {
  const watching = darkroom.start(['queue', 'list', '--watch', '--json'])
  t.teardown(() => watching.kill('SIGKILL'))
  let out = ''
  watching.stdout.setEncoding('utf8').on('data', chunk => {
    out += chunk
  })
  const looks = () =>
    out
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line).items.find((queue: any) => queue.name === 'media').paused)
  await until(() => looks().length > 0, 'it shows the list')
  await service.post('/api/queues/media/pause')
  await until(() => looks().at(-1) === true, 'it shows the change')
  watching.kill('SIGINT')
  if (skipWithoutTerminal) return
  let draws = 0
  const { shown } = await darkroom.inTerminal(80, ['queue', 'list', '--watch'], shown => {
    draws = shown.split('\u001b[H').length - 1
    return draws === 2 ? '\u0003' : undefined
  })
  t.match(stripVTControlCharacters(shown), /Ctrl-C ends it.*media +paused/s)
  t.equal(draws, 2)
})
