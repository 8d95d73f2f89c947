import t from 'tap'
import { openLine } from '../harness/line.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { openEar, refusal } from './clients.ts'

const folder = await taskFolder(t, {
  'fail.ts': taskModule('fail', `throw new TypeError('no such luck')`, 'max_retries: 1'),
  'steps.ts': taskModule(
    'steps',
    `progress(0.25); await delay(1500, undefined, { signal }); progress(0.5, 'x'); return 1`
  )
})
const nobody = '01980000-0000-7000-8000-000000000000'

t.test('a socket of one task', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder }, worker: true })
  const address = await service.listen()
  const statusOf = async (id: string) => (await service.get(`/api/tasks/${id}/status`)).json()
  const nobodyWatches = () => until(() => service.api.watching.count() === 0, 'no watcher is left')

  t.test("sends the task's status at once, then each change, and closes after the last", async t => {
    const id = await service.submit('steps', {}, { countdown: 0.5 })

    const ear = await openEar(t, address, `/ws/tasks/${id}`)
    const { code } = await ear.closed

    t.equal(code, 1000)
    t.strictSame(ear.messages[0], {
      task_id: id,
      state: 'PENDING',
      status: 'SCHEDULED',
      progress: null,
      result: null,
      error: null
    })
    t.match(
      ear.messages.find(({ progress }) => progress === 0.25),
      { state: 'STARTED', status: 'PROCESSING', result: null, error: null }
    )
    t.strictSame(ear.messages.at(-1), await statusOf(id))
    t.match(ear.messages.at(-1), { state: 'SUCCESS', status: 'COMPLETED', progress: 1, result: 1 })
    for (const [index, text] of ear.texts.entries()) t.not(text, ear.texts[index - 1], 'nothing is said twice in a row')
    await nobodyWatches()
  })

  t.test('sends why a task is retried, and why it failed', async t => {
    const id = await service.submit('fail', {}, { retry_delay: 1, retry_jitter: false })

    const ear = await openEar(t, address, `/ws/tasks/${id}/`)
    const { code } = await ear.closed

    t.equal(code, 1000)
    const error = { type: 'TypeError', message: 'no such luck' }
    t.match(ear.messages.find(({ state }) => state === 'RETRY')?.error, error)
    t.match(ear.messages.at(-1), { state: 'FAILURE', status: 'FAILED', error })
  })

  t.test('of a finished task sends its status once', async t => {
    const id = await service.submit('add', { x: 1, y: 2 })
    await service.finished(id)

    for (const each of [id, id.toUpperCase(), `${id}/`, `${id}?x=1`]) {
      const ear = await openEar(t, address, `/ws/tasks/${each}`)
      t.match(await ear.closed, { code: 1000 })
      t.strictSame(ear.messages, [await statusOf(id)])
    }
    await nobodyWatches()
  })

  t.test('sends that a task was cancelled', async t => {
    const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })
    const ear = await openEar(t, address, `/ws/tasks/${id}`)
    await ear.heard(({ state }) => state === 'PENDING')

    await service.post(`/api/tasks/${id}/cancel`)

    t.match(await ear.closed, { code: 1000 })
    t.match(ear.messages.at(-1), { state: 'REVOKED', status: 'CANCELLED', error: { type: 'cancelled' } })
  })

  t.test('sends that a task has become due, for which there is no notification', async t => {
    const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 0.5 })

    const ear = await openEar(t, address, `/ws/tasks/${id}`)

    t.match(await ear.heard(({ status }) => status !== 'SCHEDULED'), { task_id: id })
  })

  for (const id of [
    nobody,
    'garbage',
    '123',
    '%F0%9F%98%80',
    '%ff',
    '%zz',
    "'%20or%201=1--",
    '%00',
    'x'.repeat(2_000)
  ]) {
    t.test(`of an unknown task is opened and closed: ${id.slice(0, 40)}`, async t => {
      const ear = await openEar(t, address, `/ws/tasks/${id}`)

      t.match(await ear.closed, { code: 4404 })
      t.strictSame(ear.messages, [])
      await nobodyWatches()
    })
  }

  t.test('that ends before its first message leaves nothing behind', async t => {
    const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })

    for (let n = 0; n < 50; n++) {
      const ear = await openEar(t, address, n % 2 ? `/ws/tasks/${id}` : '/ws/tasks')
      ear.raw.terminate()
    }

    await nobodyWatches()
  })

  t.test('misses no change, whenever in the life of a task it begins to watch', async t => {
    const sockets = Array.from({ length: 300 }, async (_, n) => {
      const id = await service.submit('add', { x: n, y: 1 })
      const ear = await openEar(t, address, `/ws/tasks/${id}`)
      const { code } = await ear.closed
      return { code, last: ear.messages.at(-1), n }
    })

    for (const { code, last, n } of await Promise.all(sockets)) {
      t.equal(code, 1000)
      t.match(last, { state: 'SUCCESS', result: n + 1 })
    }
    await nobodyWatches()
  })

  t.test('is one of many that get the same text', async t => {
    const id = await service.submit('sleep', { seconds: 0.3 })

    const ears = await Promise.all(Array.from({ length: 50 }, () => openEar(t, address, `/ws/tasks/${id}`)))
    await Promise.all(ears.map(({ closed }) => closed))

    t.equal(new Set(ears.map(({ texts }) => texts.at(-1))).size, 1)
    t.match(ears[0]!.messages.at(-1), { state: 'SUCCESS' })
  })
})

t.test('a socket of all tasks', async t => {
  const service = await openService(t, { worker: true })
  const address = await service.listen()

  t.test('sends each change of each task that its filters name, and none twice in a row', async t => {
    const all = await openEar(t, address, '/ws/tasks/')
    const sums = await openEar(t, address, '/ws/tasks?task=add')
    const media = await openEar(t, address, '/ws/tasks?queue=high_priority')
    const done = await openEar(t, address, '/ws/tasks?state=SUCCESS&task=sleep')
    await until(() => service.api.watching.count() > 0, 'a watcher is there')
    const add = await service.submit('add', { x: 1, y: 2 })
    const sleep = await service.submit('sleep', { seconds: 0.2 }, { queue: 'high_priority' })

    const isDone = (id: string) => (message: { task_id: string; state: string }) =>
      message.task_id === id && message.state === 'SUCCESS'
    await Promise.all([all.heard(isDone(add)), all.heard(isDone(sleep)), sums.heard(isDone(add))])
    await Promise.all([media.heard(isDone(sleep)), done.heard(isDone(sleep))])

    t.ok(sums.messages.every(({ task_id }) => task_id === add))
    t.ok(media.messages.every(({ task_id }) => task_id === sleep))
    t.strictSame(
      done.messages.map(({ state, task_id }) => [state, task_id]),
      [['SUCCESS', sleep]]
    )
    // A new watcher of a task is no change.
    const looker = await openEar(t, address, `/ws/tasks/${sleep}`)
    await looker.closed
    const last = await service.submit('add', { x: 2, y: 2 })
    await all.heard(isDone(last))
    t.equal(all.messages.filter(isDone(sleep)).length, 1)
    for (const id of [add, sleep, last]) {
      const texts = all.texts.filter(text => text.includes(id))
      t.equal(texts.length, new Set(texts).size)
    }
  })

  for (const [query, field] of [
    ['state=success', 'state'],
    ['state=', 'state'],
    ['state=PENDING&state=RETRY', 'state'],
    ['colour=red', 'colour'],
    ['task=a&limit=5', 'limit'],
    [`queue=${'q'.repeat(101)}`, 'queue']
  ] as const) {
    t.test(`is refused with an invalid filter: ${query.slice(0, 40)}`, async t => {
      const { status, body } = await refusal(address, `/ws/tasks?${query}`)

      t.equal(status, 400)
      t.match(body, { code: 'INVALID_REQUEST', errors: [{ field }] })
    })
  }

  t.test('is refused with a NUL in a filter, or anywhere else', async t => {
    t.match(await refusal(address, '/ws/tasks?task=%00'), { status: 400, body: { code: 'INVALID_REQUEST' } })
    t.match(await refusal(address, '/ws/tasks/a/b'), { status: 404, body: { code: 'ROUTE_NOT_FOUND' } })
    t.match(await refusal(address, '/api/tasks/garbage'), { status: 404, body: { code: 'TASK_NOT_FOUND' } })
  })

  t.test('is not a page', async t => {
    for (const url of ['/ws/tasks', `/ws/tasks/${nobody}`]) {
      const response = await fetch(address + url)
      t.equal(response.status, 404)
      t.match(await response.json(), { code: 'ROUTE_NOT_FOUND' })
    }
  })

  t.test('ignores an upgrade to another protocol: the request is answered as any other', async t => {
    const line = await openLine(t, address)
    const body = '{"data":"hello"}'
    await line.send(
      `POST /api/tasks/process HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: \r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
    )

    t.equal((await line.answer()).status, 202)
  })
})
