import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { connect, DarkroomError } from 'darkroom/client'
import t from 'tap'
import { openService } from '../harness/service.ts'

const service = await openService(t)
const address = await service.listen()
const darkroom = connect(address)
const unknownId = '01980000-0000-7000-8000-000000000000'

/** The ids of all tasks that have this tag, newest first. */
async function tagged(tag: string) {
  const ids: string[] = []
  for await (const { id } of darkroom.tasks({ tag })) ids.push(id)
  return ids
}

t.test('a task is submitted with options, and read again', async t => {
  const task = await darkroom.submit<number>('add', { x: 4, y: 6 }, { countdown: 3600, priority: 9, tags: ['demo'] })

  t.match(task, { task: 'add', args: { x: 4, y: 6 }, status: 'SCHEDULED', priority: 9, tags: ['demo'] })
  t.match(await darkroom.get(task.id), { id: task.id, status: 'SCHEDULED' })
})

t.test('two calls are two tasks, and two under one key are one', async t => {
  const one = await darkroom.submit('add', { x: 1, y: 1 }, { tags: ['twice'] })
  const other = await darkroom.submit('add', { x: 1, y: 1 }, { tags: ['twice'] })
  const keyed = { idempotency_key: 'order-17', tags: ['twice'] }
  const first = await darkroom.submit('add', { x: 1, y: 1 }, keyed)
  const second = await darkroom.submit('add', { x: 1, y: 1 }, keyed)

  t.equal(first.id, second.id)
  t.strictSame(await tagged('twice'), [first.id, other.id, one.id])
})

t.test('a submission whose answer is lost is repeated, and the task exists once', async t => {
  let lost = 0
  const forgetful = connect(address, {
    async fetch(...request) {
      const response = await fetch(...request)
      if (lost++ > 1) return response
      await response.text()
      throw new TypeError('terminated')
    }
  })

  const { id } = await forgetful.submit('add', { x: 1, y: 2 }, { tags: ['lost'] })

  t.equal(lost, 3)
  t.strictSame(await tagged('lost'), [id])
})

t.test('a 503 is retried after Retry-After, up to a limit', async t => {
  const problem = { code: 'DATABASE_UNAVAILABLE', detail: 'The database does not answer; try again' }
  const times: number[] = []
  const busy = connect(address, {
    retries: 1,
    async fetch() {
      times.push(performance.now())
      return Response.json(problem, { status: 503, headers: { 'retry-after': '1' } })
    }
  })

  await t.rejects(busy.submit('add', { x: 1, y: 2 }), { ...problem, detail: undefined, message: /^The database/ })

  t.equal(times.length, 2)
  t.ok(times[1]! - times[0]! >= 990)
})

t.test(
  'a client with too many requests retries when the server says, unless that is more than a minute away',
  async t => {
    let asked = 0
    const limited = (retryAfter: string) =>
      connect(address, {
        async fetch(...request) {
          if (asked++ > 0) return fetch(...request)
          const problem = { code: 'TOO_MANY_REQUESTS', detail: 'Too many requests' }
          return Response.json(problem, { status: 429, headers: { 'retry-after': retryAfter } })
        }
      })

    t.match(await limited('0').submit('add', { x: 1, y: 2 }), { state: 'PENDING' })
    t.equal(asked, 2)
    asked = 0
    await t.rejects(limited('61').submit('add', { x: 1, y: 2 }), { code: 'TOO_MANY_REQUESTS', retryAfter: 61 })
    t.equal(asked, 1)
    asked = 0
    const tomorrow = new Date(Date.now() + 86_400_000).toUTCString()
    await t.rejects(limited(tomorrow).submit('add', { x: 1, y: 2 }), { code: 'TOO_MANY_REQUESTS' })
    t.equal(asked, 1)
  }
)

t.test('a search that took too long is not repeated', async t => {
  let asked = 0
  const slow = connect(address, {
    async fetch() {
      asked++
      return Response.json({ code: 'TOO_SLOW', detail: 'The database took longer' }, { status: 504 })
    }
  })

  await t.rejects(slow.tasks({ q: 'x' }).next(), { code: 'TOO_SLOW', status: 504 })

  t.equal(asked, 1)
})

t.test('an error has the code of the server, names each field, and is not repeated', async t => {
  let requests = 0
  const counting = connect(address, {
    fetch(...request) {
      requests++
      return fetch(...request)
    }
  })

  const error = await counting.submit('add', { x: 'four' }, { priority: 12 }).catch(error => error)

  t.equal(requests, 1)
  t.ok(error instanceof DarkroomError)
  t.match(error, { name: 'DarkroomError', code: 'INVALID_REQUEST', status: 400, errors: [{ field: 'priority' }] })
  await t.rejects(darkroom.get(unknownId), { code: 'TASK_NOT_FOUND', status: 404 })
  await t.rejects(darkroom.get('../videos'), { code: 'TASK_NOT_FOUND', status: 404 })
  await t.rejects(darkroom.video(unknownId), { code: 'VIDEO_NOT_FOUND', status: 404 })
  await t.rejects(darkroom.retry(unknownId), { code: 'TASK_NOT_FOUND', status: 404 })
})

t.test("without an answer the error is NETWORK, and a proxy's answer is an HTTP error", async t => {
  const away = connect('http://127.0.0.1:1', { retries: 0 })
  const other = connect(address, { fetch: async () => new Response('<h1>Bad gateway</h1>', { status: 502 }) })

  await t.rejects(away.get(unknownId), { name: 'DarkroomError', code: 'NETWORK', status: undefined, cause: Error })
  await t.rejects(other.get(unknownId), { name: 'DarkroomError', code: 'HTTP', status: 502 })
})

t.test('an aborted call ends at once, also between two requests', async t => {
  const away = connect('http://127.0.0.1:1', { retries: 100 })
  const reason = new Error('enough')
  const giveUp = new AbortController()

  const submitting = away.submit('add', { x: 1, y: 1 }, { signal: giveUp.signal })
  giveUp.abort(reason)

  await t.rejects(submitting, reason)
})

t.test('the given headers go with every request, and the address may have a path', async t => {
  const asked: { url: string; headers: Record<string, string> }[] = []
  const elsewhere = connect('http://example.test/darkroom', {
    headers: { authorization: 'Bearer 17' },
    async fetch(url, init) {
      asked.push({ url: String(url), headers: init?.headers as Record<string, string> })
      return Response.json({ items: [], next_cursor: null })
    }
  })

  for await (const _ of elsewhere.tasks({ state: 'FAILURE', limit: 7 })) t.fail('there are none')
  await elsewhere.get('a b')

  t.match(asked, [
    { url: 'http://example.test/darkroom/api/tasks?state=FAILURE&limit=7', headers: { authorization: 'Bearer 17' } },
    { url: 'http://example.test/darkroom/api/tasks/a%20b', headers: { authorization: 'Bearer 17' } }
  ])
})

t.test('tasks are listed page by page until there are no more, or the loop ends', async t => {
  const ids = []
  for (let i = 0; i < 5; i++) ids.unshift((await darkroom.submit('add', { x: i, y: 0 }, { tags: ['pages'] })).id)
  let pages = 0
  const counting = connect(address, {
    fetch(...request) {
      pages++
      return fetch(...request)
    }
  })

  const found = []
  for await (const { id } of counting.tasks({ tag: 'pages', limit: 2 })) found.push(id)
  const all = pages
  for await (const { id } of counting.tasks({ tag: 'pages', limit: 2 })) {
    t.equal(id, ids[0])
    break
  }

  t.strictSame(found, ids)
  t.strictSame([all, pages], [3, 4])
})

t.test('outside a page the client needs an address, and the error says how to give it', async t => {
  const sentence = /in a page only; give the server's address, such as connect\('http:\/\/127\.0\.0\.1:8000'\)$/

  t.throws(() => connect(), { name: 'TypeError', message: sentence })
  t.throws(() => connect('here'), { name: 'TypeError', message: /^connect: here is no address; give/ })
})

t.test('the client is one module that imports nothing', async t => {
  const source = await readFile(fileURLToPath(import.meta.resolve('darkroom/client')), 'utf8')

  t.notMatch(source, /\bimport\b|\bfrom "|\brequire\(/)
})
