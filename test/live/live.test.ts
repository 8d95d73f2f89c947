import t, { type Test } from 'tap'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { openEar, refusal } from '../watch/clients.ts'

const TASKS_DIR = await taskFolder(t, {
  'hold.ts': taskModule('hold', 'await delay(60_000, undefined, { signal })'),
  'fail.ts': taskModule('fail', `throw new GiveUp('no luck')`)
})
const service = await openService(t, { env: { TASKS_DIR } })
const address = await service.listen()
const add = { x: 1, y: 2 }

/** A page; it hears what a condition holds for. */
async function openPage(t: Test, interest: unknown) {
  const ear = await openEar(t, address, '/ws/live')
  const say = (what: unknown) => ear.raw.send(typeof what === 'string' ? what : JSON.stringify(what))
  say(interest)
  return { ...ear, say, hears: (condition: (message: any) => boolean) => ear.heard(condition as never) as Promise<any> }
}

t.test('a page is told of the tasks that it shows, at once and after each change, without their args', async t => {
  const [shown, other] = [await service.submit('add', add, { countdown: 600 }), await service.submit('add', add)]
  const page = await openPage(t, { ids: [shown.toUpperCase()] })

  const first = await page.hears(({ tasks }) => tasks?.length > 0)
  t.match(first, { now: String, tasks: [{ id: shown, status: 'SCHEDULED', queue: 'default', created_at: String }] })
  t.notOk('args' in first.tasks[0] || 'result' in first.tasks[0])
  t.strictSame(Object.keys(first), ['now', 'tasks'], 'only what it asked for')
  await service.post(`/api/tasks/${other}/cancel`)
  await service.post(`/api/tasks/${shown}/cancel`)
  const second = await page.hears(({ tasks }) => tasks?.[0]?.status === 'CANCELLED')
  t.equal(second.tasks.length, 1)
  t.strictSame(
    page.messages.flatMap(({ tasks = [] }: any) => tasks).filter(({ id }: any) => id !== shown),
    []
  )
})

t.test('new tasks that fit its filter are counted, others are not', async t => {
  const page = await openPage(t, { filter: { task: 'add', tag: 'mine,ours', status: '-FAILED' } })
  t.match(await page.hears(message => message.new === 0), { new: 0 })

  await service.submit('add', add)
  await service.submit('sleep', { seconds: 0 }, { tags: ['mine'], countdown: 600 })
  await service.submit('add', add, { tags: ['mine'] })
  await service.submit('add', add, { tags: ['ours'], countdown: 600 })

  const told = await page.hears(message => message.new === 2)
  t.notOk('tasks' in told)
  page.say({ filter: { task: 'sleep' } })
  await page.hears(message => message.new === 0 && page.messages.indexOf(message) > page.messages.indexOf(told))
  t.notOk(page.messages.some((message: any) => message.new > 2))
})

t.test('in a flood they are counted, too', async t => {
  const page = await openPage(t, { filter: { tag: 'flood' } })
  await page.hears(message => message.new === 0)

  const task = (tag: string) => ({ task: 'add', args: add, tags: [tag], countdown: 600 })
  for (const tag of ['flood', 'other', 'flood']) {
    await service.post('/api/tasks/bulk', { tasks: Array(400).fill(task(tag)) })
  }

  await page.hears(message => message.new === 800)
  await service.post('/api/tasks', task('flood'))
  await page.hears(message => message.new === 801)
  t.notOk(page.messages.some((message: any) => message.new > 801))
})

t.test('a task that comes to fit its filter by what happened to it is counted, too', async t => {
  const [early, other] = [await service.submit('add', add, { countdown: 600 }), await service.submit('add', add)]
  const page = await openPage(t, { filter: { status: 'CANCELLED' } })
  await page.hears(message => message.new === 0)

  await service.post(`/api/tasks/${early}/cancel`)

  await page.hears(message => message.new === 1)
  await service.post(`/api/tasks/${other}/cancel`)
  await page.hears(message => message.new === 2)
})

t.test('a task that an edit brings into the list is counted, one that was there before is not', async t => {
  const there = await service.submit('add', add, { countdown: 600, tags: ['edited'] })
  const [tagged, moved] = [await service.submit('add', add, { countdown: 600 }), await service.submit('add', add)]
  const byTag = await openPage(t, { filter: { tag: 'edited' } })
  const byQueue = await openPage(t, { filter: { queue: 'low_priority', tag: '-edited' } })
  for (const page of [byTag, byQueue]) await page.hears(message => message.new === 0)

  await service.patch(`/api/tasks/${there}`, { priority: 9 })
  await service.patch(`/api/tasks/${tagged}`, { tags: ['edited'] })
  await service.patch(`/api/tasks/${moved}`, { queue: 'low_priority' })

  for (const page of [byTag, byQueue]) await page.hears(message => message.new === 1)
  await service.patch(`/api/tasks/${there}`, { tags: [], queue: 'low_priority' })
  await byQueue.hears(message => message.new === 2)
  t.notOk(byTag.messages.some((message: any) => message.new > 1))
})

t.test('each topic comes at once, and again when it has changed', async t => {
  const page = await openPage(t, {
    topics: ['counts', 'queues', 'workers', 'videos', 'problems'],
    filter: { queue: 'low_priority' }
  })

  const counts = await page.hears(message => message.counts)
  t.equal(counts.counts.length, 7)
  t.match((await page.hears(message => message.queues)).queues[0], { name: 'default', paused: false })
  t.ok((await page.hears(message => message.workers)).workers)
  t.strictSame((await page.hears(message => message.videos)).videos, [])
  t.ok((await page.hears(message => message.problems)).problems)
  await service.submit('add', add, { queue: 'low_priority' })
  await page.hears(({ counts }) => counts?.find(({ status }: any) => status === 'PENDING').count === 1)
  await service.post('/api/queues/media/pause', { reason: 'a test' })
  await page.hears(({ queues }) => queues?.some(({ reason }: any) => reason === 'a test'))
  await service.post('/api/queues/media/resume')
  const { id } = await service.keep('no film')
  t.match((await page.hears(({ videos }) => videos?.length > 0)).videos, [{ video_id: id, status: 'uploaded' }])
})

t.test('a storm of changes is a few messages, each with the latest of each task', async t => {
  const ids: string[] = []
  for (let count = 0; count < 8; count++) ids.push(await service.submit('add', add, { countdown: 600 }))
  const page = await openPage(t, { ids })
  await page.hears(({ tasks }) => tasks?.length === 8)
  const before = page.messages.length
  const begun = performance.now()

  for (let priority = 0; priority < 10; priority++) {
    await Promise.all(ids.map(id => service.patch(`/api/tasks/${id}`, { priority })))
  }
  await page.hears(({ tasks }) => tasks?.some(({ priority }: any) => priority === 9))
  const seconds = (performance.now() - begun) / 1000
  const messages = page.messages.slice(before)
  t.ok(messages.length <= 4 * seconds + 2, `${messages.length} messages in ${seconds} s`)
  for (const { tasks = [] } of messages as any[]) {
    t.equal(new Set(tasks.map(({ id }: any) => id)).size, tasks.length, 'each task once')
  }
})

t.test('what does not fit is answered with a close that says what', async t => {
  for (const [what, reason] of [
    ['nonsense', /not JSON/],
    [{ ids: ['x'] }, /ids\[0\] must be a uuid/],
    [{ topics: ['weather'] }, /topics/],
    [{ filter: { colour: 'red' } }, /colour is not a known field/],
    [{ filter: { status: 'DONE' } }, /status must be one of/],
    [{ filter: { q: 'a\0' } }, /NUL/],
    ['[1]', /does not fit/],
    [{ ids: Array.from({ length: 201 }, () => '01980000-0000-7000-8000-000000000000') }, /./]
  ] as const) {
    const page = await openPage(t, what)
    const { code, reason: said } = await page.closed
    t.ok(code === 4400 || (code === 1009 && Array.isArray((what as any).ids)), `${code} ${said}`)
    if (code === 4400) t.match(said, reason)
  }
  const binary = await openPage(t, {})
  binary.raw.send(Buffer.from('{}'))
  t.equal((await binary.closed).code, 1008)
})

t.test('a page may change its view often, but not without end', async t => {
  const page = await openPage(t, {})
  for (let count = 0; count < 200; count++) page.say({ ids: [] })
  await page.hears(message => message.now)
  t.equal(page.raw.readyState, 1)
  for (let count = 0; count < 200; count++) page.say({ ids: [] })
  t.equal((await page.closed).code, 1008)
})

t.test('it is an upgrade, also by the door for pages of others', async t => {
  t.equal((await service.get('/ws/live')).statusCode, 404)
  t.equal((await refusal(address, '/ws/livelier')).status, 404)
})
