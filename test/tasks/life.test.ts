import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { families, processesIn } from '../harness/family.ts'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'

const folder = await taskFolder(t, {
  ...families,
  'flaky.ts': taskModule(
    'flaky',
    `log('trying'); if (attempt <= (args.failures ?? 0)) throw new Error('attempt ' + attempt); return attempt`,
    'retry_backoff: false'
  ),
  'later.ts': taskModule('later', 'throw new RetryLater(600)'),
  'crash.ts': taskModule(
    'crash',
    `if (attempt > 1) return 'well'
     for (let line = 1; line <= 3; line++) console.error('line ' + line)
     await delay(50); process.kill(process.pid, 'SIGKILL'); await delay(60_000)`
  ),
  'leave.ts': taskModule('leave', 'process.exit(7)', 'max_retries: 0'),
  'gate.ts': taskModule(
    'gate',
    `const { existsSync } = await import('node:fs')
     while (!existsSync(args.gate)) await delay(20, undefined, { signal })
     return attempt`
  )
})

const service = await openService(t, { env: { TASKS_DIR: folder } })
const worker = await service.startWorker()
/** Another service, without a worker. */
const idle = await openService(t, { env: { TASKS_DIR: folder } })

const read = async (service: Service, id: string) => (await service.get(`/api/tasks/${id}`)).json()

const attemptsOf = async (service: Service, id: string) => (await service.get(`/api/tasks/${id}/attempts`)).json().items

async function eventsOf({ db }: Service, id: string) {
  const { rows } = await db.pool.query(
    'select state, attempt, error, at from darkroom.events where task_id = $1 order by id',
    [id]
  )
  return rows
}

const lifeOf = async (service: Service, id: string) =>
  (await eventsOf(service, id)).map(({ state, attempt }) => `${state} ${attempt}`)

async function jobsOf({ db }: Service, id: string) {
  const { rows } = await db.pool.query('select name, state, retry_count from pgboss.job where id = $1', [id])
  return rows
}

/** The number of rows about a task, by table. */
async function tracesOf({ db }: Service, id: string) {
  const { rows } = await db.pool.query(
    `select
      (select count(*) from darkroom.tasks where id = $1) as tasks,
      (select count(*) from darkroom.attempts where task_id = $1) as attempts,
      (select count(*) from darkroom.events where task_id = $1) as events,
      (select count(*) from darkroom.deadlines where task_id = $1) as deadlines,
      (select count(*) from pgboss.job where id = $1) as jobs`,
    [id]
  )
  return rows[0]
}

t.test('a task that did not succeed is retried under its id', async t => {
  const retry = (id: string) => service.post(`/api/tasks/${id}/retry`)

  t.test('with a fresh set of attempts after its history', async t => {
    const id = await service.submit('flaky', { failures: 3 }, { max_retries: 1, priority: 4, tags: ['kept'] })
    const failed = await service.finished(id)
    t.match(failed, { state: 'FAILURE', attempts: 2, error: { message: 'attempt 2' } })

    const response = await retry(id)

    t.equal(response.statusCode, 202)
    t.match(response.json(), { id, priority: 4, tags: ['kept'], created_at: failed.created_at, max_retries: 1 })
    const done = await service.finished(id)
    t.match(done, { state: 'SUCCESS', result: 4, attempts: 4, error: null })
    t.match(await attemptsOf(service, id), [
      { number: 1, outcome: 'failure' },
      { number: 2, outcome: 'failure' },
      { number: 3, outcome: 'failure' },
      { number: 4, outcome: 'success' }
    ])
    t.strictSame(await lifeOf(service, id), [
      'PENDING 0',
      'STARTED 1',
      'RETRY 1',
      'STARTED 2',
      'FAILURE 2',
      'PENDING 2',
      'STARTED 3',
      'RETRY 3',
      'STARTED 4',
      'SUCCESS 4'
    ])
    t.strictSame(await jobsOf(service, id), [{ name: 'default', state: 'completed', retry_count: 3 }])
  })

  t.test('also when its job has expired', async t => {
    const id = await service.submit('flaky', { failures: 2 }, { max_retries: 1, queue: 'low_priority' })
    await service.finished(id)
    await service.db.pool.query('delete from pgboss.job where id = $1', [id])

    const response = await retry(id)

    t.equal(response.statusCode, 202)
    t.match(await service.finished(id), { state: 'SUCCESS', attempts: 3, result: 3 })
    t.strictSame(await jobsOf(service, id), [{ name: 'low_priority', state: 'completed', retry_count: 2 }])
    t.match(await attemptsOf(service, id), [{ number: 1 }, { number: 2 }, { number: 3, outcome: 'success' }])
  })

  t.test('also when it never started: cancelled, or expired', async t => {
    const cancelled = await service.submit('add', { x: 1, y: 1 }, { countdown: 600 })
    await service.post(`/api/tasks/${cancelled}/cancel`)
    const expired = await service.submit('add', { x: 1, y: 1 }, { countdown: 600, expires: 0.1 })
    await service.finished(expired)

    for (const id of [cancelled, expired]) {
      const response = await retry(id)

      t.equal(response.statusCode, 202)
      t.match(response.json(), { eta: null, expires_at: null })
      t.match(await service.finished(id), { state: 'SUCCESS', result: 2, attempts: 1, error: null })
      t.strictSame(await lifeOf(service, id), ['PENDING 0', 'REVOKED 0', 'PENDING 0', 'STARTED 1', 'SUCCESS 1'])
    }
  })

  t.test('also when it was cancelled while it ran', async t => {
    const id = await service.submit('patient', { file: path.join(service.dataDir, 'cancelled') })
    await processesIn(path.join(service.dataDir, 'cancelled'))
    await service.post(`/api/tasks/${id}/cancel?wait=20`)

    await retry(id)

    t.match(await service.finished(id), { state: 'SUCCESS', attempts: 2, result: 2 })
    t.match(await attemptsOf(service, id), [{ outcome: 'cancelled' }, { outcome: 'success' }])
  })

  t.test('as often as a client asks', async t => {
    const id = await service.submit('flaky', { failures: 3 }, { max_retries: 0 })

    for (const attempts of [1, 2, 3]) {
      t.match(await service.finished(id), { state: 'FAILURE', attempts })
      t.equal((await retry(id)).statusCode, 202)
    }

    t.match(await service.finished(id), { state: 'SUCCESS', attempts: 4 })
  })

  t.test('once, for many simultaneous requests', async t => {
    const id = await service.submit('flaky', { failures: 1 }, { max_retries: 0 })
    await service.finished(id)

    const responses = await Promise.all(Array.from({ length: 8 }, () => retry(id)))

    t.strictSame(responses.map(({ statusCode }) => statusCode).toSorted(), [202, 409, 409, 409, 409, 409, 409, 409])
    t.match(await service.finished(id), { state: 'SUCCESS', attempts: 2 })
  })

  t.test('but not while it is unfinished, and not after a success', async t => {
    const success = await service.submit('add', { x: 1, y: 1 })
    await service.finished(success)
    const gate = path.join(service.dataDir, 'retried')
    const running = await service.submit('gate', { gate })
    await service.until(running, ({ state }) => state === 'STARTED')
    const waiting = await service.submit('add', { x: 1, y: 1 }, { countdown: 600 })
    const retrying = await service.submit('later')
    await service.until(retrying, ({ state }) => state === 'RETRY')

    for (const [state, id] of Object.entries({
      SUCCESS: success,
      STARTED: running,
      PENDING: waiting,
      RETRY: retrying
    })) {
      const before = await read(service, id)

      const response = await retry(id)

      t.equal(response.statusCode, 409, state)
      t.match(response.json(), { code: 'TASK_NOT_RETRYABLE', detail: new RegExp(state) })
      t.strictSame(await read(service, id), before)
    }
    await writeFile(gate, '')
  })

  t.test('and an unknown one is not', async t => {
    for (const id of ['01980000-0000-7000-8000-000000000000', 'garbage', '%00']) {
      t.equal((await retry(id)).statusCode, 404)
    }
  })
})

t.test('a retried task agrees with its job before a worker claims it', async t => {
  const service = idle
  const id = await service.submit('add', { x: 1, y: 1 }, { expires: 600, countdown: 600 })
  await service.post(`/api/tasks/${id}/cancel`)

  const response = await service.post(`/api/tasks/${id}/retry`)

  t.match(response.json(), {
    state: 'PENDING',
    status: 'PENDING',
    error: null,
    progress: null,
    attempts: 0,
    started_at: null,
    finished_at: null,
    result_expires_at: null,
    worker: null
  })
  t.strictSame(await jobsOf(service, id), [{ name: 'default', state: 'created', retry_count: 0 }])
  t.strictSame(await tracesOf(service, id), { tasks: 1, attempts: 0, events: 3, deadlines: 0, jobs: 1 })
})

t.test('a finished task can be forgotten', async t => {
  t.test('whatever its state, with every row about it', async t => {
    const success = await service.submit('flaky', { failures: 1 }, { expires: 600 })
    const failure = await service.submit('flaky', { failures: 9 }, { max_retries: 1, expires: 600 })
    const revoked = await service.submit('add', { x: 1, y: 1 }, { countdown: 600, expires: 600 })
    await service.post(`/api/tasks/${revoked}/cancel`)
    const again = await service.submit('add', { x: 1, y: 1 }, { countdown: 600, expires: 600 })
    await service.post(`/api/tasks/${again}/cancel`)
    await service.post(`/api/tasks/${again}/retry`)
    const withoutJob = await service.submit('add', { x: 1, y: 1 })
    await Promise.all([success, failure, revoked, again, withoutJob].map(id => service.finished(id)))
    await service.db.pool.query('delete from pgboss.job where id = $1', [withoutJob])

    for (const [what, id] of Object.entries({ success, failure, revoked, again, withoutJob })) {
      const response = await service.delete(`/api/tasks/${id}`)

      t.equal(response.statusCode, 204, what)
      t.equal(response.body, '')
      t.strictSame(await tracesOf(service, id), { tasks: 0, attempts: 0, events: 0, deadlines: 0, jobs: 0 }, what)
      t.equal((await service.get(`/api/tasks/${id}`)).statusCode, 404)
      t.equal((await service.get(`/api/tasks/${id}/attempts`)).statusCode, 404)
      t.equal((await service.delete(`/api/tasks/${id}`)).statusCode, 404)
      t.equal((await service.post(`/api/tasks/${id}/retry`)).statusCode, 404)
      t.equal((await service.post(`/api/tasks/${id}/cancel`)).statusCode, 404)
    }
  })

  t.test('but not before it is finished', async t => {
    const gate = path.join(service.dataDir, 'forgotten')
    const running = await service.submit('gate', { gate })
    await service.until(running, ({ state }) => state === 'STARTED')
    const waiting = await service.submit('add', { x: 1, y: 1 }, { countdown: 600 })
    const retrying = await service.submit('later')
    await service.until(retrying, ({ state }) => state === 'RETRY')

    for (const [state, id] of Object.entries({ STARTED: running, PENDING: waiting, RETRY: retrying })) {
      const before = [await read(service, id), await tracesOf(service, id)]

      const response = await service.delete(`/api/tasks/${id}`)

      t.equal(response.statusCode, 409, state)
      t.match(response.json(), { code: 'TASK_NOT_FINISHED', detail: new RegExp(state) })
      t.strictSame([await read(service, id), await tracesOf(service, id)], before)
    }
    await writeFile(gate, '')
    t.match(await service.finished(running), { state: 'SUCCESS' })
  })

  t.test('and an unknown one is not found', async t => {
    for (const id of ['01980000-0000-7000-8000-000000000000', 'garbage', '%00']) {
      const response = await service.delete(`/api/tasks/${id}`)

      t.equal(response.statusCode, 404)
      t.match(response.json(), { code: 'TASK_NOT_FOUND' })
    }
  })
})

t.test('every attempt at a task is listed', async t => {
  t.test('a running attempt has no outcome yet', async t => {
    const gate = path.join(service.dataDir, 'looked-at')
    const id = await service.submit('gate', { gate })
    const running = await service.until(id, ({ state }) => state === 'STARTED')

    const items = await attemptsOf(service, id)

    t.strictSame(items, [
      {
        number: 1,
        worker: worker.id,
        started_at: running.started_at,
        finished_at: null,
        outcome: null,
        error: null,
        exit_code: null,
        signal: null,
        peak_memory: null,
        stderr: null
      }
    ])
    await writeFile(gate, '')
    const { started_at, finished_at } = await service.finished(id)
    const [{ peak_memory, ...attempt }] = await attemptsOf(service, id)
    const { peak_memory: _, ...before } = items[0]
    t.strictSame(attempt, { ...before, started_at, finished_at, outcome: 'success' })
    t.ok(peak_memory > 1_000_000)
  })

  t.test('failures have their own reasons', async t => {
    const id = await service.submit('flaky', { failures: 2 })
    await service.finished(id)

    const items = await attemptsOf(service, id)

    t.match(items, [
      { number: 1, outcome: 'failure', error: { type: 'Error', message: 'attempt 1' }, exit_code: null, signal: null },
      { number: 2, outcome: 'failure', error: { type: 'Error', message: 'attempt 2' } },
      { number: 3, outcome: 'success', error: null }
    ])
    t.ok(items.every(({ worker: by }: { worker: string }) => by === worker.id))
    const times = items.flatMap(({ started_at, finished_at }: Record<string, string>) => [started_at, finished_at])
    t.strictSame(times, times.toSorted(), 'one after the other')
  })

  t.test('a crash has its signal and its last output', async t => {
    const id = await service.submit('crash')

    t.match(await service.finished(id), { state: 'SUCCESS', result: 'well', attempts: 2 })

    const [crash, success] = await attemptsOf(service, id)
    t.match(crash, { outcome: 'crashed', signal: 'SIGKILL', exit_code: null, error: { type: 'crashed' } })
    t.match(crash.stderr, /line 1\nline 2\nline 3/)
    t.match(success, { outcome: 'success', signal: null, exit_code: null, error: null })
  })

  t.test('a task that exits has its exit code, and fails after three crashes', async t => {
    const id = await service.submit('leave')

    t.match(await service.finished(id), { state: 'FAILURE', attempts: 3, error: { type: 'poisoned' } })

    t.match(await attemptsOf(service, id), [
      { outcome: 'crashed', exit_code: 7, signal: null },
      { outcome: 'crashed', exit_code: 7, signal: null },
      { outcome: 'crashed', exit_code: 7, signal: null }
    ])
  })

  t.test('a task that has not been claimed has none', async t => {
    const id = await service.submit('add', { x: 1, y: 1 }, { countdown: 600 })

    t.strictSame(await attemptsOf(service, id), [])
    t.equal((await service.get('/api/tasks/01980000-0000-7000-8000-000000000000/attempts')).statusCode, 404)
    t.equal((await service.get('/api/tasks/garbage/attempts')).statusCode, 404)
  })
})

/** On a busy machine a task claimed ahead may be put back before it starts: its attempt number is then free again. */
function withoutPutBacks<Event extends { attempt: number }>(events: Event[]) {
  return events.filter(({ attempt }, at) => {
    const isTaken = attempt > (events[at + 1]?.attempt ?? attempt)
    const isPutBack = attempt < (events[at - 1]?.attempt ?? attempt)
    return !isTaken && !isPutBack
  })
}

t.test('events record each change once, in order', async t => {
  const expired = await service.submit('add', { x: 1, y: 1 }, { countdown: 600, expires: 0.1 })
  const cancelled = await service.submit('later')
  const crashed = await service.submit('crash')
  const failed = await service.submit('flaky', { failures: 9 }, { max_retries: 1 })
  await service.until(cancelled, ({ state }) => state === 'RETRY')
  await Promise.all([expired, crashed, failed].map(id => service.finished(id)))

  const response = await service.post(`/api/tasks/${cancelled}/cancel`)

  t.equal(response.statusCode, 200)
  const lives = {
    expired: ['PENDING 0', 'REVOKED 0'],
    cancelled: ['PENDING 0', 'STARTED 1', 'RETRY 1', 'REVOKED 1'],
    crashed: ['PENDING 0', 'STARTED 1', 'RETRY 1', 'STARTED 2', 'SUCCESS 2'],
    failed: ['PENDING 0', 'STARTED 1', 'RETRY 1', 'STARTED 2', 'FAILURE 2']
  }
  const errors = {
    expired: [null, 'expired'],
    cancelled: [null, null, 'RetryLater', 'cancelled'],
    crashed: [null, null, 'crashed', null, null],
    failed: [null, null, 'Error', null, 'Error']
  }
  for (const [name, id] of Object.entries({ expired, cancelled, crashed, failed })) {
    const events = withoutPutBacks(await eventsOf(service, id))
    t.strictSame(
      events.map(({ state, attempt }) => `${state} ${attempt}`),
      lives[name as keyof typeof lives],
      name
    )
    t.strictSame(
      events.map(({ error }) => error?.type ?? null),
      errors[name as keyof typeof errors],
      name
    )
    const times = events.map(({ at }) => at.getTime())
    t.strictSame(times, times.toSorted(), `${name}: in order`)
  }
})

t.test('a task that is not started in time expires to the second, without a worker', async t => {
  const service = idle
  const waits = {
    queued: { expires: 0.3 },
    scheduled: { countdown: 600, expires: 0.6 },
    'with a time': { expires: new Date(Date.now() + 900).toISOString() },
    past: { expires: '2001-01-01T00:00:00Z' }
  }

  for (const [what, options] of Object.entries(waits)) {
    t.test(what, async t => {
      const id = await service.submit('add', { x: 1, y: 1 }, options)

      const task = await service.finished(id)

      t.match(task, {
        state: 'REVOKED',
        status: 'CANCELLED',
        error: { type: 'expired' },
        attempts: 0,
        started_at: null
      })
      t.ok(task.finished_at! >= task.expires_at!, 'not before')
      t.strictSame(await jobsOf(service, id), [{ name: 'default', state: 'cancelled', retry_count: 0 }])
      t.strictSame(await tracesOf(service, id), { tasks: 1, attempts: 0, events: 2, deadlines: 0, jobs: 1 })
    })
  }

  t.test('but a task that was started in time and waits for its retry does not', async t => {
    const worker = await service.startWorker()
    const id = await service.submit('later', {}, { expires: 60 })
    await service.until(id, ({ state }) => state === 'RETRY')
    await worker.stop(0)
    await service.db.pool.query(
      `with task as (update darkroom.tasks set expires_at = now() where id = $1 returning id, expires_at)
      update darkroom.deadlines d set expires_at = task.expires_at from task where d.task_id = task.id`,
      [id]
    )

    // The pass that finds this task finds the other one.
    await service.finished(await service.submit('add', { x: 1, y: 1 }, { expires: 0 }))

    t.match(await read(service, id), { state: 'RETRY', attempts: 1 })
  })
})
