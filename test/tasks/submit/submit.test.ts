import t from 'tap'
import { openPgBoss } from '../../harness/pg-boss.ts'
import { openService } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'

t.test('a submission is answered at once and its task runs soon after', async t => {
  const service = await openService(t, { worker: true })

  const response = await service.post('/api/tasks', { task: 'add', args: { x: 4, y: 6 } })

  t.equal(response.statusCode, 201)
  const submitted = response.json()
  t.equal(response.headers.location, `/api/tasks/${submitted.id}`)
  t.match(submitted, { task: 'add', state: 'PENDING', status: 'PENDING', attempts: 0, result: null })
  t.match(await service.finished(submitted.id), {
    state: 'SUCCESS',
    status: 'COMPLETED',
    result: 10,
    attempts: 1,
    progress: 1
  })
})

t.test('submissions', async t => {
  const folder = await taskFolder(t, {
    'picky.ts': taskModule(
      'picky',
      'return args',
      `queue: 'low_priority', priority: 7, max_retries: 1, time_limit: 50, result_expires: 77`
    )
  })
  const service = await openService(t, { env: { TASKS_DIR: folder, RESULT_EXPIRES: '1234' } })
  const add = { task: 'add', args: { x: 1, y: 2 } }

  const row = (id: string) =>
    service.db.query.selectFrom('tasks').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

  t.test('a task has every field, with defaults for those that were not set', async t => {
    const submitted = (await service.post('/api/tasks', add)).json()

    const { id, created_at, ...rest } = submitted
    t.strictSame(rest, {
      task: 'add',
      name: null,
      description: null,
      queue: 'default',
      priority: 0,
      args: { x: 1, y: 2 },
      state: 'PENDING',
      status: 'PENDING',
      progress: null,
      progress_detail: null,
      result: null,
      result_expires_at: null,
      error: null,
      attempts: 0,
      max_retries: 3,
      eta: null,
      expires_at: null,
      started_at: null,
      finished_at: null,
      worker: null,
      tags: [],
      schedule_id: null,
      video_id: null,
      created_by: null,
      traceparent: null
    })
    t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/)
    t.ok(Math.abs(Date.parse(created_at) - Date.now()) < 60_000)
    t.strictSame((await service.get(`/api/tasks/${id}`)).json(), submitted)
    t.equal((await row(id)).result_expires, 1234)
  })

  t.test('given values are kept', async t => {
    const said = {
      name: 'Sum',
      description: 'of two',
      queue: 'high_priority',
      priority: 9,
      max_retries: 5,
      tags: ['a', 'b c', 'ü']
    }
    const unseen = {
      retry_delay: 2.5,
      retry_backoff: false,
      retry_backoff_max: 60,
      retry_jitter: false,
      time_limit: 30,
      soft_time_limit: 20.5,
      result_expires: 99
    }

    const submitted = (await service.post('/api/tasks', { ...add, ...said, ...unseen })).json()

    t.match(submitted, said)
    t.match(await row(submitted.id), { ...said, ...unseen })
    t.strictSame((await service.get(`/api/tasks/${submitted.id}`)).json(), submitted)
  })

  t.test('fields that the client leaves out come from the kind', async t => {
    const submitted = (await service.post('/api/tasks', { task: 'picky' })).json()

    t.match(submitted, { queue: 'low_priority', priority: 7, max_retries: 1, args: {} })
    t.match(await row(submitted.id), { result_expires: 77, time_limit: null })
  })

  t.test('zero is kept', async t => {
    const submitted = (await service.post('/api/tasks', { task: 'picky', priority: 0, max_retries: 0 })).json()

    t.match(submitted, { priority: 0, max_retries: 0 })
  })

  t.test('very small values are accepted', async t => {
    const little = { retry_delay: 1e-50, retry_backoff_max: 5e-324, countdown: 5e-324, expires: 5e-324 }

    const response = await service.post('/api/tasks', { ...add, ...little })

    t.equal(response.statusCode, 201, response.body)
    t.match(await row(response.json().id), { retry_delay: 0, retry_backoff_max: 0 })
  })

  t.test('the default kind is process_data', async t => {
    const submitted = (await service.post('/api/tasks', { args: { data: 'hello' } })).json()

    t.match(submitted, { task: 'process_data', args: { data: 'hello' } })
  })

  for (const field of ['eta', 'scheduled_time']) {
    t.test(`a task with a ${field} to come is scheduled`, async t => {
      const response = await service.post('/api/tasks', { ...add, [field]: '2999-01-02T03:04:05.678+02:00' })

      t.equal(response.statusCode, 201)
      t.match(response.json(), { state: 'PENDING', status: 'SCHEDULED', eta: '2999-01-02T01:04:05.678Z' })
    })
  }

  t.test('a countdown is an eta from now', async t => {
    const submitted = (await service.post('/api/tasks', { ...add, countdown: 90.5 })).json()

    t.match(submitted, { state: 'PENDING', status: 'SCHEDULED' })
    t.equal(Date.parse(submitted.eta) - Date.parse(submitted.created_at), 90_500)
  })

  t.test('an eta in the past means now', async t => {
    const submitted = (await service.post('/api/tasks', { ...add, eta: '2001-01-01T00:00:00Z' })).json()

    t.match(submitted, { status: 'PENDING', eta: '2001-01-01T00:00:00.000Z' })
  })

  t.test('an expiry is seconds or a time', async t => {
    const inSeconds = (await service.post('/api/tasks', { ...add, expires: 60 })).json()
    const asTime = (await service.post('/api/tasks', { ...add, expires: '2999-01-01T00:00:00Z' })).json()

    t.equal(Date.parse(inSeconds.expires_at) - Date.parse(inSeconds.created_at), 60_000)
    t.equal(asTime.expires_at, '2999-01-01T00:00:00.000Z')
  })

  t.test("a task about a video has the video's id in its row", async t => {
    const video_id = '01900000-0000-7000-8000-000000000000'

    const submitted = (await service.post('/api/tasks', { task: 'picky', args: { video_id } })).json()

    t.equal(submitted.video_id, video_id)
  })

  const refused: [string, Record<string, unknown>, string, string?][] = [
    ['a kind that there is not', { task: 'juggle' }, 'task', 'UNKNOWN_TASK'],
    ['an empty kind', { task: '' }, 'task', 'UNKNOWN_TASK'],
    ['a kind of every object', { task: 'constructor' }, 'task', 'UNKNOWN_TASK'],
    ['a kind that is a number', { task: 5 }, 'task'],
    ['a queue that there is not', { ...add, queue: 'nowhere' }, 'queue', 'UNKNOWN_QUEUE'],
    ['the queue where delayed tasks wait', { ...add, queue: 'delayed' }, 'queue', 'UNKNOWN_QUEUE'],
    ['the queue of what is due', { ...add, queue: 'due' }, 'queue', 'UNKNOWN_QUEUE'],
    ["pg-boss's own queue", { ...add, queue: '__pgboss__send-it' }, 'queue', 'UNKNOWN_QUEUE'],
    ['a missing argument', { task: 'add', args: { x: 1 } }, 'args.y'],
    ['missing arguments', { task: 'add' }, 'args.x'],
    ['an argument of the wrong type', { task: 'add', args: { x: '1', y: 2 } }, 'args.x'],
    ['an unknown argument', { task: 'add', args: { x: 1, y: 2, z: 3 } }, 'args.z'],
    ['arguments in a list', { task: 'add', args: [1, 2] }, 'args'],
    ['arguments that are null', { task: 'add', args: null }, 'args'],
    ['a number that is none', { task: 'sleep', args: { seconds: -1 } }, 'args.seconds'],
    ['an unknown field', { ...add, colour: 'red' }, 'colour'],
    ['a priority that is too high', { ...add, priority: 10 }, 'priority'],
    ['a priority that is too low', { ...add, priority: -1 }, 'priority'],
    ['a priority that is no whole number', { ...add, priority: 1.5 }, 'priority'],
    ['a priority in a text', { ...add, priority: '5' }, 'priority'],
    ['a negative countdown', { ...add, countdown: -1 }, 'countdown'],
    ['a countdown of an age', { ...add, countdown: 1e12 }, 'countdown'],
    ['a time that is none', { ...add, eta: 'tomorrow' }, 'eta'],
    ['a time without an offset', { ...add, eta: '2030-01-01T00:00:00' }, 'eta'],
    ['a day that there is not', { ...add, scheduled_time: '2030-02-30T00:00:00Z' }, 'scheduled_time'],
    ['a year that there was not', { ...add, eta: '0000-01-01T00:00:00Z' }, 'eta'],
    ['an expiry in a year that there was not', { ...add, expires: '0000-01-01T00:00:00Z' }, 'expires'],
    ['a time with a zone behind it', { ...add, eta: '2030-01-01T00:00:00Z[Europe/Paris]' }, 'eta'],
    ['a time that is in the year 10000 elsewhere', { ...add, eta: '9999-12-31T23:59:59-01:00' }, 'eta'],
    ['a leap second', { ...add, eta: '2016-12-31T23:59:60Z' }, 'eta'],
    ['a time as a number', { ...add, eta: 1_900_000_000 }, 'eta'],
    ['an expiry that is neither', { ...add, expires: 'soon' }, 'expires'],
    ['a negative expiry', { ...add, expires: -5 }, 'expires'],
    ['retries without end', { ...add, max_retries: 1e9 }, 'max_retries'],
    ['a negative delay', { ...add, retry_delay: -1 }, 'retry_delay'],
    ['a backoff that is no claim', { ...add, retry_backoff: 'yes' }, 'retry_backoff'],
    ['no time at all', { ...add, time_limit: 0 }, 'time_limit'],
    ['next to no time', { ...add, time_limit: 1e-50 }, 'time_limit'],
    ['next to no time to finish in', { ...add, soft_time_limit: 1e-50 }, 'soft_time_limit'],
    ['a result that expires at once', { ...add, result_expires: 0 }, 'result_expires'],
    ['a name of a page', { ...add, name: 'n'.repeat(201) }, 'name'],
    ['tags that are no list', { ...add, tags: 'a' }, 'tags'],
    ['an empty tag', { ...add, tags: [''] }, 'tags[0]'],
    ['too many tags', { ...add, tags: Array(21).fill('a') }, 'tags'],
    ['two times to start at', { ...add, eta: '2999-01-01T00:00:00Z', countdown: 5 }, 'countdown'],
    ['the same time twice', { ...add, eta: '2999-01-01T00:00:00Z', scheduled_time: '2999-01-01T00:00:00Z' }, 'eta'],
    [
      'a soft limit that is no less than the hard one',
      { ...add, time_limit: 5, soft_time_limit: 5 },
      'soft_time_limit'
    ],
    ["a soft limit beyond the kind's", { task: 'picky', soft_time_limit: 60 }, 'soft_time_limit'],
    ['the same task under an id', { ...add, id: '01900000-0000-7000-8000-000000000000' }, 'id']
  ]

  for (const [what, body, field, code = 'INVALID_REQUEST'] of refused) {
    t.test(`an invalid field is refused by its name: ${what}`, async t => {
      const response = await service.post('/api/tasks', body)

      t.equal(response.statusCode, 400, response.body)
      const problem = response.json()
      t.match(problem, { status: 400, code, title: 'Bad Request', type: 'about:blank' })
      t.ok(
        problem.errors.some((error: { field: string }) => error.field === field),
        `${JSON.stringify(problem.errors)} names ${field}`
      )
    })
  }

  t.test('all invalid fields are named at once', async t => {
    const response = await service.post('/api/tasks', { ...add, priority: 11, countdown: -1, tags: 5, colour: 'red' })

    t.strictSame(
      response
        .json()
        .errors.map(({ field }: { field: string }) => field)
        .sort(),
      ['colour', 'countdown', 'priority', 'tags']
    )
  })

  t.test('a refused task leaves no row', async t => {
    const count = async () => (await service.get('/api/tasks?limit=1000')).json().items.length
    const before = await count()

    await service.post('/api/tasks', { ...add, priority: 11 })

    t.equal(await count(), before)
  })

  t.test('a queue that was just created is known at once', async t => {
    const boss = await openPgBoss(t, service)
    await boss.createQueue('fresh')

    const response = await service.post('/api/tasks', { ...add, queue: 'fresh' })

    t.equal(response.statusCode, 201, response.body)
  })

  t.test('simultaneous submissions are all written, and each is answered with its own task', async t => {
    const sums = Array.from({ length: 300 }, (_, x) => ({ task: 'add', args: { x, y: 1 } }))

    const responses = await Promise.all(sums.map(sum => service.post('/api/tasks', sum)))

    t.strictSame(
      responses.map(response => response.json().args.x),
      sums.map(({ args }) => args.x)
    )
    const ids = new Set(responses.map(response => response.json().id))
    const { rows } = await service.db.pool.query('select id from darkroom.tasks where id = any($1)', [[...ids]])
    t.equal(rows.length, 300)
  })
})

t.test('process_data has a route of its own', async t => {
  const service = await openService(t, { worker: true })

  const response = await service.post('/api/tasks/process', { data: 'hello, straße' })

  t.equal(response.statusCode, 202)
  const { task_id } = response.json()
  t.strictSame(Object.keys(response.json()), ['task_id'])
  t.equal(response.headers.location, `/api/tasks/${task_id}`)
  t.match(await service.finished(task_id), {
    task: 'process_data',
    state: 'SUCCESS',
    result: { processed_data: 'HELLO, STRASSE' }
  })

  for (const body of [{}, { data: 5 }, { data: null }, { data: 'x', more: 1 }, [], null]) {
    const refused = await service.post('/api/tasks/process', body)
    t.equal(refused.statusCode, 400, JSON.stringify(body))
    t.ok(['INVALID_REQUEST', 'INVALID_JSON'].includes(refused.json().code))
  }
})

t.test('when the rows cannot be written the client gets an error and nothing is left', async t => {
  const service = await openService(t)
  await service.db.pool.query('alter table darkroom.tasks add constraint no_fives check (priority <> 5)')

  const responses = await Promise.all(
    [1, 5, 2].map(priority => service.post('/api/tasks', { task: 'add', args: { x: 1, y: 2 }, priority }))
  )

  t.strictSame(
    responses.map(({ statusCode }) => statusCode),
    [201, 500, 201]
  )
  t.equal(responses[1]!.json().code, 'INTERNAL')
  t.notMatch(responses[1]!.body, /no_fives/)
  const { rows } = await service.db.pool.query(`select id from pgboss.job where name = 'default'`)
  t.equal(rows.length, 2)
})
