import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { openLine } from '../../harness/line.ts'
import { openService } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'

const folder = await taskFolder(t, {
  'fail.ts': taskModule('fail', `throw new TypeError('no such luck')`, 'max_retries: 0'),
  'shy.ts': taskModule('shy', 'await delay(60_000, undefined, { signal })'),
  'later.ts': taskModule('later', `throw new RetryLater(600, 'not yet')`)
})

t.test('the status routes agree, each in its own words, in every state of a task', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const ids = {
    PENDING: await service.submit('add', { x: 1, y: 1 }, { queue: 'low_priority' }),
    SCHEDULED: await service.submit('add', { x: 1, y: 1 }, { countdown: 600 }),
    STARTED: await service.submit('shy'),
    RETRY: await service.submit('later'),
    SUCCESS: await service.submit('process_data', { data: 'hello' }),
    FAILURE: await service.submit('fail'),
    REVOKED: await service.submit('add', { x: 1, y: 1 })
  }
  await service.post(`/api/tasks/${ids.REVOKED}/cancel`)
  await service.startWorker({ WORKER_QUEUES: 'default' })
  await service.finished(ids.SUCCESS)
  await service.finished(ids.FAILURE)
  await service.until(ids.RETRY, ({ state }) => state === 'RETRY')
  await service.until(ids.STARTED, ({ state }) => state === 'STARTED')

  const ask = async (url: string) => {
    const response = await service.get(url)
    t.equal(response.statusCode, 200, url)
    return response.json()
  }
  const error = { type: 'TypeError', message: 'no such luck' }
  const cancelled = { type: 'cancelled', message: 'It was cancelled before it ran' }
  const result = { processed_data: 'HELLO' }
  const nothing = { progress: null, result: null, error: null }
  const expected = {
    PENDING: [{ state: 'PENDING', status: 'PENDING', ...nothing }, { status: 'Pending' }],
    SCHEDULED: [{ state: 'PENDING', status: 'SCHEDULED', ...nothing }, { status: 'Pending' }],
    STARTED: [{ state: 'STARTED', status: 'PROCESSING', ...nothing }, { status: 'Started' }],
    RETRY: [
      { state: 'RETRY', status: 'RETRYING', ...nothing, error: { type: 'RetryLater', message: 'not yet' } },
      { status: 'Retry' }
    ],
    SUCCESS: [
      { state: 'SUCCESS', status: 'COMPLETED', progress: 1, result, error: null },
      { status: 'Success', result }
    ],
    FAILURE: [
      { state: 'FAILURE', status: 'FAILED', ...nothing, error },
      { status: 'Failure', error: 'no such luck' }
    ],
    REVOKED: [{ state: 'REVOKED', status: 'CANCELLED', ...nothing, error: cancelled }, { status: 'Revoked' }]
  }

  for (const [name, id] of Object.entries(ids)) {
    const [status, word] = expected[name as keyof typeof expected] as [Record<string, unknown>, unknown]
    t.strictSame(await ask(`/api/tasks/${id}/status`), { task_id: id, ...status }, name)
    t.strictSame(
      await ask(`/api/tasks/status/${id}`),
      { task_id: id, status: status.state, result: status.result },
      name
    )
    t.strictSame(await ask(`/task-status/${id}/`), word, name)
    t.strictSame(await ask(`/task-status/${id}`), word, name)
    t.match(await ask(`/api/tasks/${id}/`), { id, ...status }, name)
    t.strictSame(await ask(`/api/tasks/${id.toUpperCase()}`), await ask(`/api/tasks/${id}`), name)
  }
})

t.test('bad requests', async t => {
  const service = await openService(t)
  const id = await service.submit('add', { x: 1, y: 1 })

  const unknown = [
    '01900000-0000-7000-8000-000000000000',
    '00000000-0000-0000-0000-000000000000',
    'garbage',
    '123',
    `${id}0`,
    id.slice(1),
    `{${id}}`,
    '%00',
    `${id}%00`,
    '%F0%9F%98%80',
    '..%2f..%2fetc%2fpasswd',
    `'%20or%201=1--`,
    'x'.repeat(1_000)
  ]

  for (const garbage of unknown) {
    t.test(`an id that does not exist is not found: ${garbage.slice(0, 50)}`, async t => {
      const urls = [
        `/api/tasks/${garbage}`,
        `/api/tasks/${garbage}?wait=5`,
        `/api/tasks/${garbage}/status`,
        `/api/tasks/status/${garbage}`,
        `/task-status/${garbage}/`
      ]
      for (const url of urls) {
        const response = await service.get(url)
        t.equal(response.statusCode, 404, url)
        t.match(response.json(), { code: 'TASK_NOT_FOUND', status: 404 }, url)
      }
      const cancelled = await service.post(`/api/tasks/${garbage}/cancel`)
      t.equal(cancelled.statusCode, 404)
      t.equal(cancelled.json().code, 'TASK_NOT_FOUND')
    })
  }

  t.test('a time to wait is a number in plain digits', async t => {
    const id = await service.submit('add', { x: 1, y: 2 })

    for (const wait of ['1e3', '0x10', '-1', '3601', '', 'soon', 'Infinity', '+1']) {
      const response = await service.get(`/api/tasks/${id}?wait=${wait}`)

      t.equal(response.statusCode, 400, wait)
      t.match(response.json(), { code: 'INVALID_REQUEST', errors: [{ field: 'wait' }] }, wait)
    }
  })

  const cursor = (text: string) => Buffer.from(text).toString('base64url')
  const bad = [
    'limit=0',
    'limit=1001',
    'limit=-1',
    'limit=1.5',
    'limit=abc',
    'limit=',
    'limit=1&limit=2',
    'limit=NaN',
    'limit=Infinity',
    'limit=99999999999999999999',
    'state=success',
    'state=DONE',
    'state=',
    'state=PENDING&state=RETRY',
    'created_after=yesterday',
    'created_after=2026-01-01',
    'created_before=0000-01-01T00:00:00Z',
    'created_before=2026-01-01T00:00:00Z[UTC]',
    'created_after=2016-12-31T23:59:60Z',
    'colour=red',
    'q=a%00b',
    'tag=%00',
    'task=%00',
    'queue=a%00',
    'worker=%00',
    'cursor=%00',
    `q=${'q'.repeat(201)}`
  ]
  const badCursors = [
    'garbage',
    '%F0%9F%98%80',
    cursor(''),
    cursor('2026-01-01T00:00:00Z'),
    cursor(`2026-01-01T00:00:00.000000Z ${'-'.repeat(36)}`),
    cursor(`2026-13-01T00:00:00.000000Z ${id}`),
    cursor(`2026-02-30T00:00:00.000000Z ${id}`),
    cursor(`2026-01-01T24:00:00.000001Z ${id}`),
    cursor(`2026-01-01T00:00:60.000000Z ${id}`),
    cursor(`0000-01-01T00:00:00.000000Z ${id}`),
    cursor(`2026-01-01T00:00:00.000000Z ${id.replace(/-/g, 'a')}`),
    cursor(`2026-01-01T00:00:00.000000Z ${id}; drop table darkroom.tasks`),
    cursor(`infinity ${id}`)
  ]

  for (const query of [...bad, 'cursor=']) {
    t.test(`a list with an invalid query is refused: ${query.slice(0, 50)}`, async t => {
      const response = await service.get(`/api/tasks?${query}`)

      t.equal(response.statusCode, 400, response.body)
      t.ok(['INVALID_REQUEST', 'INVALID_CURSOR'].includes(response.json().code))
    })
  }

  for (const list of ['/api/queues', '/api/workers', `/api/tasks/${id}/attempts`]) {
    t.test(`nor is a list without pages: ${list.replace(id, '{id}')}`, async t => {
      for (const query of ['limit=0', 'limit=1001', 'limit=abc', 'cursor=x', 'nope=1']) {
        const response = await service.get(`${list}?${query}`)
        t.equal(response.statusCode, 400, `${query}: ${response.body}`)
        t.equal(response.json().code, 'INVALID_REQUEST')
      }
      const all = (await service.get(list)).json().items
      t.equal((await service.get(`${list}?limit=1`)).json().items.length, Math.min(1, all.length))
    })
  }

  for (const each of badCursors) {
    t.test(`a cursor that no list has given out is refused: ${Buffer.from(each, 'base64url')}`, async t => {
      const response = await service.get(`/api/tasks?cursor=${each}`)

      t.equal(response.statusCode, 400, response.body)
      t.equal(response.json().code, 'INVALID_CURSOR')
    })
  }

  for (const wait of ['-1', '3601', 'abc', '', 'NaN', '1&wait=2', '%00']) {
    t.test(`an invalid wait is refused: ${wait}`, async t => {
      for (const response of [
        await service.get(`/api/tasks/${id}?wait=${wait}`),
        await service.post(`/api/tasks/${id}/cancel?wait=${wait}`)
      ]) {
        t.equal(response.statusCode, 400, response.body)
        t.equal(response.json().code, 'INVALID_REQUEST')
      }
      t.equal((await service.get(`/api/tasks/${id}`)).json().state, 'PENDING')
    })
  }

  t.test('texts that could be mistaken for a pattern or for SQL find nothing', async t => {
    for (const q of ['%25', '_', '\\', "'", '%ff', '%ED%A0%80', '%F0%9F%98%80', '1%27%20or%201=1']) {
      for (const filter of ['q', 'tag', 'task', 'queue', 'worker']) {
        const response = await service.get(`/api/tasks?${filter}=${q}`)
        t.equal(response.statusCode, 200, response.body)
        t.strictSame(
          response.json(),
          { items: [], next_cursor: null, prev_cursor: null, searched_until: null },
          `${filter}=${q}`
        )
      }
    }
  })
})

t.test('a wait', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder }, worker: true })

  t.test('is answered as soon as the task is finished', async t => {
    const id = await service.submit('sleep', { seconds: 0.3 })

    const response = await service.get(`/api/tasks/${id}?wait=60`)

    t.match(response.json(), { state: 'SUCCESS', result: { slept: 0.3 } })
  })

  t.test('is answered with the present state at its timeout', async t => {
    const id = await service.submit('shy')

    const response = await service.get(`/api/tasks/${id}?wait=0.3`)

    t.equal(response.statusCode, 200)
    t.notOk(response.json().finished_at)
    await service.post(`/api/tasks/${id}/cancel`)
  })

  t.test('of many at once is answered to each', async t => {
    const id = await service.submit('sleep', { seconds: 0.2 })

    const responses = await Promise.all(Array.from({ length: 50 }, () => service.get(`/api/tasks/${id}?wait=30`)))

    t.ok(responses.every(response => response.json().state === 'SUCCESS'))
  })

  t.test('of a client that hangs up holds nothing', async t => {
    const address = await service.api.listen()
    const id = await service.submit('add', { x: 1, y: 1 }, { countdown: 600 })
    const hangUp = new AbortController()
    const asked = fetch(`${address}/api/tasks/${id}?wait=60`, { signal: hangUp.signal })
    await delay(100)

    hangUp.abort()

    await t.rejects(asked)
    await service.post(`/api/tasks/${id}/cancel`)
  })
})

t.test('a list', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const numbers = Array.from({ length: 25 }, (_, x) => x)
  const ids: string[] = []
  for (const x of numbers) {
    const options = {
      name: `Sum ${x}%`,
      description: x === 7 ? 'the Lucky_one' : undefined,
      tags: x % 5 === 0 ? ['five', 'round'] : [],
      queue: x % 2 ? 'high_priority' : 'default'
    }
    ids.push(await service.submit('add', { x, y: 1 }, options))
  }
  ids.push(await service.submit('shy'))
  const newestFirst = ids.toReversed()
  const list = async (query: string) => (await service.get(`/api/tasks?${query}`)).json()
  const idsOf = ({ items }: { items: { id: string }[] }) => items.map(({ id }) => id)

  t.test('has the newest first, fifty by default, each as it is by itself', async t => {
    const { items, next_cursor } = await list('')

    t.strictSame(idsOf({ items }), newestFirst)
    t.equal(next_cursor, null)
    t.strictSame(items[3], (await service.get(`/api/tasks/${items[3].id}`)).json())
  })

  t.test('has the requested length', async t => {
    t.equal((await list('limit=1')).items.length, 1)
    t.equal((await list('limit=1000')).items.length, 26)
    const exactly = await list('limit=26')
    t.equal(exactly.items.length, 26)
    t.equal(exactly.next_cursor, null)
  })

  t.test('is filtered by every filter', async t => {
    const seventh = ids[7]
    t.strictSame(idsOf(await list('task=shy')), [ids[25]])
    t.equal((await list('queue=high_priority')).items.length, 12)
    t.strictSame(idsOf(await list('tag=five')), [ids[20], ids[15], ids[10], ids[5], ids[0]])
    t.strictSame(idsOf(await list('q=lucky_')), [seventh])
    t.strictSame(idsOf(await list('q=Sum%2017%25')), [ids[17]])
    t.strictSame(idsOf(await list(`q=${seventh}`)), [seventh])
    t.equal((await list('state=PENDING')).items.length, 26)
    t.equal((await list('state=SUCCESS')).items.length, 0)
    t.equal((await list('worker=01900000-0000-7000-8000-000000000000')).items.length, 0)
    t.strictSame(idsOf(await list('queue=high_priority&q=lucky&tag=five')), [])
    await service.db.query
      .updateTable('tasks')
      .set({ created_at: new Date('2020-01-01T00:00:00Z') })
      .where('id', 'in', ids.slice(0, 5))
      .execute()
    t.equal((await list('created_after=2020-01-01T00:00:00Z')).items.length, 21)
    t.equal((await list('created_after=2019-12-31T23:59:59.999Z')).items.length, 26)
    t.equal((await list('created_before=2020-01-01T00:00:00Z')).items.length, 0)
    t.equal((await list('created_before=2020-01-01T00:00:00.001Z')).items.length, 5)
    t.equal((await list(`created_before=${encodeURIComponent('2020-01-01T01:00:00.001+01:00')}`)).items.length, 5)
  })

  t.test('is paged through without a gap or a repetition while tasks are submitted', async t => {
    const seen: string[] = []
    let cursor = ''
    do {
      const page = await list(`limit=7${cursor && `&cursor=${cursor}`}`)
      seen.push(...idsOf(page))
      cursor = page.next_cursor
      await service.submit('add', { x: 0, y: 0 })
    } while (cursor)

    t.strictSame(seen, newestFirst)
  })

  t.test('is paged through also where tasks have the same time', async t => {
    await service.db.pool.query(`update darkroom.tasks set created_at = '2020-01-01T00:00:00.123456Z'`)

    const seen: string[] = []
    let cursor = ''
    do {
      const page = await list(`limit=4${cursor && `&cursor=${cursor}`}`)
      seen.push(...idsOf(page))
      cursor = page.next_cursor
    } while (cursor)

    t.equal(seen.length, new Set(seen).size)
    t.strictSame(seen, seen.toSorted().toReversed())
    t.equal(seen.length, 30)
  })
})

t.test('the old status route tells an expired result from one that is null', async t => {
  const service = await openService(t, { worker: true })
  const id = await service.submit('process_data', { data: 'x' })
  await service.finished(id)

  const before = await service.get(`/task-status/${id}/`)
  await service.db.pool.query(`update pgboss.job set completed_on = now() - interval '2 days' where id = $1`, [id])
  const after = await service.get(`/task-status/${id}/`)

  t.strictSame(before.json(), { status: 'Success', result: { processed_data: 'X' } })
  t.strictSame(after.json(), { status: 'Success', result: null, error: 'The result has expired' })
})

t.test('a request that waits for an hour keeps its connection, although it has no traffic', async t => {
  const service = await openService(t)
  const id = await service.submit('process_data', { data: 'x' })
  // Two minutes in production.
  service.api.app.server.setTimeout(100)
  const address = await service.listen()
  const given = await openLine(t, address)
  const waiting = await openLine(t, address)

  await waiting.send(`GET /api/tasks/${id}?wait=3600 HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  await given.closed
  await delay(300)
  await service.startWorker()
  const answer = await waiting.answer()

  t.match(answer, { status: 200, body: /"state":"SUCCESS"/ })
  t.equal((await service.get(`/api/tasks/${id}?wait=3601`)).statusCode, 400)
})

t.test('tasks are read as before after a migration has added a column', async t => {
  const service = await openService(t)
  const id = await service.submit('add', { x: 1, y: 1 })
  const read = async () => (await service.get(`/api/tasks/${id}`)).statusCode
  t.equal(await read(), 200)

  await service.db.pool.query('alter table darkroom.tasks add column note text')

  for (let tries = 3; tries > 0; tries--) t.equal(await read(), 200)
})
