import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { darkroomAt, skipWithoutTerminal } from '../harness/cli.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

const home = await mkdtemp(path.join(tmpdir(), 'darkroom-cli-'))
t.teardown(() => rm(home, { recursive: true, force: true }))
const service = await openService(t, { worker: true })
const darkroom = darkroomAt(home, { DARKROOM_URL: await service.listen() })
for (const queue of ['low_priority', 'media']) await service.post(`/api/queues/${queue}/pause`)

async function submit(tag: string, count: number) {
  const task = { task: 'add', args: { x: 1, y: 2 }, tags: [tag], queue: 'low_priority' }
  await service.post('/api/tasks/bulk', { tasks: Array.from({ length: count }, () => task) })
}
const waiting = async (tag: string) => (await service.get(`/api/tasks?tag=${tag}&status=PENDING`)).json().items.length

t.test('acts on all that match, as a script', async t => {
  await submit('many', 20)
  const filter = 'tag=many status=PENDING'
  t.match(await darkroom(['task', 'cancel', '--where', filter]), { code: 2, out: '', err: /needs --yes/ })
  t.equal(await waiting('many'), 20, 'nothing was done')
  const cancelled = await darkroom(['task', 'cancel', '--where', filter, '--yes'])
  t.match(cancelled, { code: 0, out: /^Cancelled 20 tasks\nTake it back: darkroom bulk undo [\da-f-]{36}\n$/ })
  t.match(cancelled.err, /Cancel 20 tasks:[\s\S]*PENDING +add +low_priority +20[\s\S]*The newest/)
  const retried = await darkroom.json('task', 'retry', '--where', 'tag=many', '--over', '10m', '--yes')
  t.match(retried, { action: 'retry', status: 'completed', over: 600, done: 20, can_undo: true })
  t.match(await darkroom(['bulk', 'undo', retried.id]), { code: 0, out: /^Brought back 20 tasks\n/ })
  t.match(await darkroom.json('bulk', 'list', '--limit', '2'), { items: [{ action: 'undo' }, { id: retried.id }] })
  t.match(await darkroom(['bulk', 'show', retried.id]), { code: 0, out: /^filter .*"tag":"many".*^over +600 s/ms })
  t.match(await darkroom(['bulk', 'undo', retried.id]), { code: 1, err: /done already/ })
  t.match(await darkroom(['bulk', 'abort', retried.id]), { code: 1, err: /has ended already/ })
  t.match(await darkroom.json('task', 'forget', '--where', 'kind=add tag=many', '--yes'), { done: 20, can_undo: false })
  t.match(await darkroom(['task', 'forget', '--where', 'tag=many', '--yes']), { code: 0, err: /No task that matches/ })
})

t.test('words that say too little, or too much', async t => {
  await submit('one', 2)
  const { items } = (await service.get('/api/tasks?tag=one')).json()
  t.match(await darkroom(['task', 'move', items[0].id, '--queue', 'media']), { code: 0, out: /in the queue media/ })
  t.match(await darkroom.json('task', 'move', '--where', 'tag=one', '--queue', 'media', '--yes'), { done: 2 })
  for (const [words, err] of [
    [['retry'], /Missing TASK/],
    [['retry', 'x', '--where', 'tag=one'], /not both/],
    [['retry', '--where', ''], /"all" is every task/],
    [['retry', '--where', 'colour=red', '--yes'], /"colour=red", which is no filter/],
    [['retry', '--where', 'ran-min=soon', '--yes'], /must be seconds/],
    [['retry', 'x', '--over', '5m'], /--over is for --where/],
    [['move', '--where', 'tag=one', '--yes'], /Missing --queue/],
    [['cancel', 'x', '--yes'], /--yes is for --where/]
  ] as const) {
    t.match(await darkroom(['task', ...words]), { code: 2, err }, words.join(' '))
  }
  t.match(await darkroom(['task', 'cancel', '--where', 'status=SLEEPY', '--yes']), { code: 1, err: /status/ })
  t.match(await darkroom.json('task', 'cancel', '--where', 'all', '--yes'), { done: 2 }, 'every task')
})

t.test('asks on a terminal, and shows how far it is in forty columns', { skip: skipWithoutTerminal }, async t => {
  await submit('asked', 30)
  const where = ['task', 'cancel', '--where', 'tag=asked']
  const answer = (key: string) => (shown: string) => (shown.includes('[y/N]') ? `${key}\n` : undefined)
  const no = await darkroom.inTerminal(40, where, answer('n'))
  t.match(no, { code: 1, shown: /Cancel 30 tasks\? \[y\/N\][\s\S]*Nothing was done/ })
  t.equal(await waiting('asked'), 30)

  // It waits, so that the bar is drawn; and goes on once it is.
  await service.post('/api/queues/high_priority/pause')
  const yes = await darkroom.inTerminal(40, where, shown => {
    if (shown.includes('waits')) void service.post('/api/queues/high_priority/resume')
    return answer('y')(shown)
  })
  await service.post('/api/queues/high_priority/resume')
  t.match(yes, { code: 0, shown: /Cancelled 30 tasks/ })
  const bars = yes.shown.split(/[\r\n]/).filter(line => line.includes('bulk cancel ['))
  t.ok(bars.length > 0, yes.shown)
  t.ok(
    bars.every(line => line.replaceAll('\u001b[K', '').length <= 39),
    'on one line each'
  )
})

t.test('Ctrl-C ends the waiting and says what goes on', async t => {
  await submit('left', 5)
  await service.post('/api/queues/high_priority/pause')
  const running = darkroom.start(['task', 'cancel', '--where', 'tag=left', '--yes'])
  let err = ''
  running.stderr.setEncoding('utf8').on('data', text => {
    err += text
  })
  const newest = async () => (await service.get('/api/bulk-operations?limit=1')).json().items[0]
  await until(async () => (await newest())?.status === 'waiting', 'it has begun')
  const { id } = await newest()
  running.kill('SIGINT')
  const [code] = await once(running, 'close')
  t.equal(code, 130)
  t.match(err, new RegExp(`It goes on; 0 of 5 are done. Stop it: darkroom bulk abort ${id}`))
  await service.post('/api/queues/high_priority/resume')
  await until(async () => (await newest()).status === 'completed', 'it went on')
})
