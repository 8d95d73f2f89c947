import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import type { TaskBody } from '../../src/tasks/schemas.ts'
import { isGone } from '../harness/gone.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'

interface Ending {
  /** The code of the body. */
  body: string
  settings?: string
  task: Record<string, unknown>
  /** The outcomes of its attempts. */
  outcomes: string[]
}

const once = 'max_retries: 0'
const thrown = (type: string, message: string) => ({ state: 'FAILURE', result: null, error: { type, message } })

// How the body of a task may end, and the resulting fields of its task and its attempts.
const endings: Record<string, Ending> = {
  'fails twice and then succeeds': {
    body: `if (attempt < 3) throw new Error('not yet'); return attempt`,
    task: { state: 'SUCCESS', result: 3, error: null, attempts: 3 },
    outcomes: ['failure', 'failure', 'success']
  },
  'fails more often than it may': {
    body: `throw new RangeError('number ' + attempt)`,
    settings: 'max_retries: 2',
    task: { ...thrown('RangeError', 'number 3'), attempts: 3 },
    outcomes: ['failure', 'failure', 'failure']
  },
  'gives up': {
    body: `throw new GiveUp('it is hopeless', 'Hopeless')`,
    task: { ...thrown('Hopeless', 'it is hopeless'), attempts: 1 },
    outcomes: ['failure']
  },
  'asks to be tried again later': {
    body: `if (attempt === 1) throw new RetryLater(0.2, 'busy'); return 'done'`,
    settings: 'retry_delay: 1000',
    task: { state: 'SUCCESS', result: 'done', attempts: 2 },
    outcomes: ['failure', 'success']
  },
  'asks for a time that is none': {
    body: `
      if (attempt === 1) throw new RetryLater(NaN)
      if (attempt === 2) throw new RetryLater(-1e300)
      if (attempt === 3) throw new RetryLater('soon')
      return 'done'`,
    task: { state: 'SUCCESS', attempts: 4 },
    outcomes: ['failure', 'failure', 'failure', 'success']
  },
  'throws undefined': {
    body: 'throw undefined',
    settings: once,
    task: thrown('NotAnError', 'The task threw undefined'),
    outcomes: ['failure']
  },
  'throws a text': {
    body: `throw 'a text'`,
    settings: once,
    task: thrown('NotAnError', 'The task threw a text'),
    outcomes: ['failure']
  },
  'throws what cannot be shown': {
    body: 'throw Object.create(null)',
    settings: once,
    task: { state: 'FAILURE', error: { type: 'NotAnError' } },
    outcomes: ['failure']
  },
  'throws a plain object': {
    body: 'throw { code: 418 }',
    settings: once,
    task: thrown('NotAnError', 'The task threw {"code":418}'),
    outcomes: ['failure']
  },
  'throws a large list': {
    body: `throw Array(1_000).fill('much')`,
    settings: once,
    task: { state: 'FAILURE', error: { message: /^The task threw \["much".{990,1010}…$/ } },
    outcomes: ['failure']
  },
  'throws a plain object that cannot be shown': {
    body: 'const circle = {}; circle.self = circle; throw circle',
    settings: once,
    task: thrown('NotAnError', 'The task threw something that cannot be shown'),
    outcomes: ['failure']
  },
  'throws a symbol': {
    body: `throw Symbol('why')`,
    settings: once,
    task: thrown('NotAnError', 'The task threw Symbol(why)'),
    outcomes: ['failure']
  },
  'throws an error whose parts are no texts': {
    body: `throw Object.assign(new Error('x'), { name: 7, message: { deep: true } })`,
    settings: once,
    task: { state: 'FAILURE', error: { type: '7', message: '[object Object]' } },
    outcomes: ['failure']
  },
  'throws an error that throws': {
    body: `throw new (class extends Error { get message () { throw new Error('gotcha') } })()`,
    settings: once,
    task: { state: 'FAILURE' },
    outcomes: ['failure']
  },
  'throws what does not even say of which kind it is': {
    body: `throw new Proxy({}, { getPrototypeOf () { throw new Error('gotcha') } })`,
    settings: once,
    task: thrown('NotAnError', 'The task threw something that cannot be shown'),
    outcomes: ['failure']
  },
  'asks to be tried again, and does not say when': {
    body: `
      if (attempt > 1) return 'done'
      throw Object.defineProperty(new RetryLater(1), 'seconds', { get () { throw new Error('gotcha') } })`,
    task: { state: 'SUCCESS', result: 'done', attempts: 2 },
    outcomes: ['failure', 'success']
  },
  'throws an error of a kind that has no name': {
    body: `throw Object.assign(new RangeError('x'), { name: '' })`,
    settings: once,
    task: thrown('RangeError', 'x'),
    outcomes: ['failure']
  },
  'throws an error of a class that has no name either': {
    body: `throw Object.assign(new (class extends Error {})(''), { name: '' })`,
    settings: once,
    task: thrown('Error', 'Error'),
    outcomes: ['failure']
  },
  'throws what Postgres cannot keep': {
    body: `throw new Error('a\\0b \\ud800')`,
    settings: once,
    task: thrown('Error', 'a\uFFFDb \uFFFD'),
    outcomes: ['failure']
  },
  'throws a novel': {
    body: `throw new Error('x'.repeat(5_000_000))`,
    settings: once,
    task: { state: 'FAILURE', error: { message: 'x'.repeat(10_000) } },
    outcomes: ['failure']
  },
  'throws at once': {
    body: '}, run () { throw new Error("no promise")',
    settings: once,
    task: thrown('Error', 'no promise'),
    outcomes: ['failure']
  },
  'answers nothing': { body: '', task: { state: 'SUCCESS', result: null, error: null }, outcomes: ['success'] },
  'answers a function': {
    body: 'return () => 1',
    task: { state: 'FAILURE', error: { type: 'ResultNotJson', message: /returned a function/ }, attempts: 1 },
    outcomes: ['failure']
  },
  'answers a Map': {
    body: 'return new Map([[1, 2]])',
    task: { state: 'FAILURE', error: { type: 'ResultNotJson', message: /returned a Map/ }, attempts: 1 },
    outcomes: ['failure']
  },
  'answers zero': { body: 'return 0', task: { state: 'SUCCESS', result: 0 }, outcomes: ['success'] },
  'answers false': { body: 'return false', task: { state: 'SUCCESS', result: false }, outcomes: ['success'] },
  'answers an empty text': { body: `return ''`, task: { state: 'SUCCESS', result: '' }, outcomes: ['success'] },
  'answers what is awkward in JSON': {
    body: `return { date: new Date(0), nan: NaN, not: undefined, text: '\\\\u0000 "\\u2028" 😀', '': [[]] }`,
    task: {
      state: 'SUCCESS',
      result: { date: '1970-01-01T00:00:00.000Z', nan: null, text: '\\u0000 "\u2028" 😀', '': [[]] }
    },
    outcomes: ['success']
  },
  'answers too much': {
    body: `return 'x'.repeat(1024 * 1024)`,
    task: { state: 'FAILURE', error: { type: 'ResultTooLarge' }, attempts: 1 },
    outcomes: ['failure']
  },
  'answers as much as it may': {
    body: `return 'x'.repeat(1024 * 1024 - 2)`,
    task: { state: 'SUCCESS', result: 'x'.repeat(1024 * 1024 - 2) },
    outcomes: ['success']
  },
  'answers what Postgres cannot keep': {
    body: `return { text: 'a\\0b' }`,
    task: { state: 'FAILURE', error: { type: 'ResultNotStorable' }, attempts: 1 },
    outcomes: ['failure']
  },
  'answers half a surrogate pair in a key': {
    body: `return { ['\\ud800']: 1 }`,
    task: { state: 'FAILURE', error: { type: 'ResultNotStorable' }, attempts: 1 },
    outcomes: ['failure']
  },
  'answers it by way of toJSON': {
    body: `return { toJSON: () => 'a\\0b' }`,
    task: { state: 'FAILURE', error: { type: 'ResultNotStorable' }, attempts: 1 },
    outcomes: ['failure']
  },
  'answers what nests too deeply': {
    body: `let value = []; for (let i = 0; i < 100_000; i++) value = [value]; return value`,
    settings: once,
    task: { state: 'FAILURE', error: { type: 'RangeError' } },
    outcomes: ['failure']
  },
  'answers a circle': {
    body: 'const circle = {}; circle.self = circle; return circle',
    settings: once,
    task: { state: 'FAILURE', error: { type: 'TypeError' } },
    outcomes: ['failure']
  },
  'answers a BigInt': {
    body: 'return 1n',
    settings: once,
    task: { state: 'FAILURE', error: { type: 'TypeError' } },
    outcomes: ['failure']
  },
  'reports nonsense': {
    body: `
      for (const each of [NaN, Infinity, -5, 7, 'half', undefined, null]) progress(each)
      const circle = {}; circle.self = circle
      progress(0.5, circle)
      progress(0.6, 1n)
      progress(0.7, 'a\\0b')
      progress(0.8, '\\ud800')
      log(undefined); log(Symbol('x'))
      return 'done'`,
    settings: once,
    task: { state: 'SUCCESS', result: 'done', progress: 1 },
    outcomes: ['success']
  },
  'reports how far it is and succeeds at once': {
    body: `progress(0.25, 'begun'); progress(0.5, { step: 'halfway' }); return 'done'`,
    task: { state: 'SUCCESS', progress: 1, progress_detail: { step: 'halfway' } },
    outcomes: ['success']
  },
  'reports no detail with what it says last, and succeeds': {
    body: `progress(0.25, 'begun'); await delay(1_500); progress(0.5); return 'done'`,
    task: { state: 'SUCCESS', progress: 1, progress_detail: null },
    outcomes: ['success']
  },
  'reports how far it is and fails at once': {
    body: `progress(0.25, 'begun'); progress(0.5, { step: 'halfway' }); throw new Error('no further')`,
    settings: once,
    task: { state: 'FAILURE', progress: 0.5, progress_detail: { step: 'halfway' } },
    outcomes: ['failure']
  },
  'reports no detail with what it says last': {
    body: `progress(0.25, 'begun'); progress(0.5); throw new Error('no further')`,
    settings: once,
    task: { state: 'FAILURE', progress: 0.5, progress_detail: null },
    outcomes: ['failure']
  },
  'reports how far it is and is killed': {
    body: `progress(0.5, 'halfway'); for (;;);`,
    settings: 'max_retries: 0, time_limit: 0.2',
    task: { state: 'FAILURE', progress: 0.5, progress_detail: 'halfway' },
    outcomes: ['time_limit']
  },
  'reports less than Postgres can tell from nothing': {
    body: `progress(1e-60); throw new Error('no further')`,
    settings: once,
    task: { state: 'FAILURE', progress: 0, error: { message: 'no further' } },
    outcomes: ['failure']
  },
  'gets less far the second time': {
    body: `progress(attempt === 1 ? 0.75 : 0.25, attempt); throw new Error('no further')`,
    settings: 'max_retries: 1',
    task: { state: 'FAILURE', progress: 0.25, progress_detail: 2 },
    outcomes: ['failure', 'failure']
  },
  'gets nowhere the second time': {
    body: `if (attempt === 1) progress(0.75, 'far'); throw new Error('no further')`,
    settings: 'max_retries: 1',
    task: { state: 'FAILURE', progress: null, progress_detail: null },
    outcomes: ['failure', 'failure']
  },
  'exits with a code': {
    body: 'process.exit(7)',
    task: { state: 'FAILURE', error: { type: 'poisoned' }, attempts: 3 },
    outcomes: ['crashed', 'crashed', 'crashed']
  },
  'exits as if all were well': {
    body: 'process.exit(0)',
    settings: once,
    task: { state: 'FAILURE', error: { type: 'poisoned' }, attempts: 3 },
    outcomes: ['crashed', 'crashed', 'crashed']
  },
  'kills itself three times': {
    body: `process.kill(process.pid, 'SIGKILL'); await delay(60_000)`,
    task: { state: 'FAILURE', error: { type: 'poisoned' }, attempts: 3 },
    outcomes: ['crashed', 'crashed', 'crashed']
  },
  'kills itself twice': {
    body: `if (attempt < 3) { process.kill(process.pid, 'SIGKILL'); await delay(60_000) } return 'alive'`,
    settings: once,
    task: { state: 'SUCCESS', result: 'alive', attempts: 3, error: null },
    outcomes: ['crashed', 'crashed', 'success']
  },
  'forgets a promise that fails': {
    body: `void Promise.reject(new Error('it is not awaited')); await delay(60_000)`,
    task: { state: 'FAILURE', error: { type: 'poisoned' }, attempts: 3 },
    outcomes: ['crashed', 'crashed', 'crashed']
  },
  'ends its process and leaves one behind that holds its output': {
    body: `spawn('sleep', ['600'], { stdio: 'inherit' }); process.exit(1)`,
    task: { state: 'FAILURE', error: { type: 'poisoned' }, attempts: 3 },
    outcomes: ['crashed', 'crashed', 'crashed']
  },
  'prints megabytes': {
    body: `for (let i = 0; i < 200; i++) console.log('x'.repeat(50_000)); console.error('the end'); return 'said'`,
    task: { state: 'SUCCESS', result: 'said' },
    outcomes: ['success']
  },
  'tells a manager of processes that it is ready, where there is one': {
    body: `process.send?.('ready'); process.send?.(null); await delay(50); return 'ready'`,
    task: { state: 'SUCCESS', result: 'ready' },
    outcomes: ['success']
  },
  'says something through a pipe that is not its own': {
    body: `process.send({ type: 'success', result: '"not mine"' }); return 'mine'`,
    settings: once,
    task: { state: 'FAILURE', error: { type: 'TypeError' } },
    outcomes: ['failure']
  },
  'hangs up on its worker': {
    body: 'process.disconnect(); await delay(60_000)',
    task: { state: 'FAILURE', error: { type: 'poisoned' }, attempts: 3 },
    outcomes: ['crashed', 'crashed', 'crashed']
  }
}

const names = Object.keys(endings)
const folder = await taskFolder(
  t,
  Object.fromEntries(
    Object.values(endings).map(({ body, settings }, index) => [
      `${index}.ts`,
      taskModule(`t${index}`, body, settings).replace(
        'retry_delay: 0,',
        settings?.includes('retry_delay') ? '' : 'retry_delay: 0,'
      )
    ])
  )
)
const service = await openService(t, { env: { TASKS_DIR: folder }, worker: true })
const ids = await Promise.all(names.map((_, index) => service.submit(`t${index}`)))

for (const [index, name] of names.entries()) {
  t.test(`a task that ${name}`, async t => {
    const { task: expected, outcomes } = endings[name]!

    const task = await service.finished(ids[index]!)

    t.match(task, expected)
    const attempts = await attemptsOf(task)
    t.strictSame(
      attempts.map(({ outcome }) => outcome),
      outcomes
    )
    t.strictSame(
      attempts.map(({ number }) => number),
      outcomes.map((_, index) => index + 1)
    )
    t.equal(task.attempts, outcomes.length)
    t.ok(task.started_at! >= task.created_at && task.finished_at! >= task.started_at!)
  })
}

t.test('an attempt that crashed has its exit code or signal, and its last output', async t => {
  const folder = await taskFolder(t, {
    'loud.ts': taskModule(
      'loud',
      `console.error('x'.repeat(100_000) + '\\0 ünd Schluß'); process.exitCode = 1; await delay(100); process.exit(9)`
    ),
    'shot.ts': taskModule('shot', `console.log('last words'); await delay(50); process.kill(process.pid, 'SIGSEGV')`)
  })
  const service = await openService(t, { env: { TASKS_DIR: folder }, worker: true })

  const loud = await service.finished(await service.submit('loud'))
  const shot = await service.finished(await service.submit('shot'))

  const [first] = await attemptsOf(loud, service)
  t.match(first, { exit_code: 9, signal: null, error: { type: 'crashed', message: /exit code 9/ } })
  t.ok(first!.stderr!.length <= 8_192)
  t.match(first!.stderr, / ünd Schluß/)
  t.match((await attemptsOf(shot, service))[0], { exit_code: null, signal: 'SIGSEGV', stderr: 'last words\n' })
})

t.test(
  'a failed attempt keeps where its error was thrown, without what Postgres cannot keep, and the task does not',
  async t => {
    const stackOf = async (name: string) => {
      const task = await service.finished(ids[names.indexOf(name)]!)
      t.strictSame(Object.keys(task.error!), ['type', 'message'])
      return (await attemptsOf(task))[0]!.error!.stack
    }

    t.match(await stackOf('fails more often than it may'), /^RangeError: number 1\n {4}at .*\d+\.ts:\d+:\d+/)
    t.match(await stackOf('throws what Postgres cannot keep'), /^Error: a\uFFFDb \uFFFD\n {4}at /)
    const long = await stackOf('throws a novel')
    t.match(long, /^Error: x{900,}…\n {4}at .*\d+\.ts/)
    t.ok(long!.length <= 8_192)
    t.notOk(await stackOf('throws a text'))
  }
)

t.test('a success has the memory that it took', async t => {
  const [attempt] = await attemptsOf(await service.finished(ids[names.indexOf('answers zero')]!))

  t.ok(attempt!.peak_memory! > 10_000_000)
})

t.test('delays of retries grow each time, up to a limit', async t => {
  const file = path.join(folder, 'times.txt')
  const failing = await taskFolder(t, {
    'failing.ts': taskModule('failing', `appendFileSync(args.file, Date.now() + '\\n'); throw new Error('again')`)
  })
  const service = await openService(t, { env: { TASKS_DIR: failing }, worker: true })

  const id = await service.submit(
    'failing',
    { file },
    { max_retries: 4, retry_delay: 0.1, retry_backoff: true, retry_backoff_max: 0.3, retry_jitter: false }
  )
  await service.finished(id)

  const times = (await readFile(file, 'utf8')).trim().split('\n').map(Number)
  const pauses = times.slice(1).map((time, index) => time - times[index]!)
  t.equal(times.length, 5)
  for (const [index, least] of [100, 200, 300, 300].entries()) t.ok(pauses[index]! >= least - 5, `${pauses[index]}`)
})

async function attemptsOf({ id }: Pick<TaskBody, 'id'>, { db } = service) {
  return db.query.selectFrom('attempts').selectAll().where('task_id', '=', id).orderBy('number').execute()
}

t.test('a failure has its last output, however soon it fails', async t => {
  const folder = await taskFolder(t, {
    'hasty.ts': taskModule('hasty', `log('logged'); console.error('printed'); throw new Error('no')`, once)
  })
  const service = await openService(t, { env: { TASKS_DIR: folder }, worker: true })

  const ids = await Promise.all(Array.from({ length: 20 }, () => service.submit('hasty')))

  for (const id of ids) {
    await service.finished(id)
    const { items } = (await service.get(`/api/tasks/${id}/attempts`)).json()
    t.match(items[0].stderr, /logged/)
    t.match(items[0].stderr, /printed/)
  }
})

t.test('processes that a body has left running add nothing to the output of the next body', async t => {
  const folder = await taskFolder(t, {
    'late.ts': taskModule(
      'late',
      `if (args.leave) return void setTimeout(() => { log('of the first'); progress(0.9, 'of the first') }, 300)
       await delay(1_000); progress(0.1); throw new Error('the second')`,
      once
    )
  })
  const service = await openService(t, { env: { TASKS_DIR: folder, WORKER_CONCURRENCY: '1' }, worker: true })

  await service.finished(await service.submit('late', { leave: true }))
  const id = await service.submit('late')

  t.match(await service.finished(id), { progress: 0.1, progress_detail: null })
  const { items } = (await service.get(`/api/tasks/${id}/attempts`)).json()
  t.notMatch(items[0].stderr ?? '', /of the first/)
})

t.test('a child that exits after its attempt ends no other attempt', async t => {
  const folder = await taskFolder(t, {
    'leaving.ts': taskModule(
      'leaving',
      `spawn('sleep', ['60'], { detached: true, stdio: 'inherit' })
       setTimeout(() => process.exit(), 100)
       return process.pid`
    )
  })
  const service = await openService(t, { env: { TASKS_DIR: folder, WORKER_CONCURRENCY: '1' }, worker: true })
  const { result: pid } = await service.finished(await service.submit('leaving'))
  await until(() => isGone(Number(pid)), 'it leaves')
  // The end of the child waits in this process, the worker, to be read: after two turns at the latest it has been.
  await nextTurn()
  await nextTurn()

  // The processes that it has left behind still hold its output, so it is not quite gone.
  const id = await service.submit('add', { x: 1, y: 1 })

  t.match(await service.finished(id), { state: 'SUCCESS', attempts: 1 })
})

t.test('arguments that a schema cannot check are a failure, and delay no other task', async t => {
  const folder = await taskFolder(t, {
    'strict.ts': `
      import { defineTask } from 'darkroom'
      import { Type } from 'typebox'
      export default defineTask({
        name: 'strict',
        args: Type.Refine(Type.Object({ list: Type.Optional(Type.Array(Type.Any())) }), ({ list }) => list.length > 0),
        run: () => 'done'
      })`
  })
  const service = await openService(t, { env: { TASKS_DIR: folder, WORKER_CONCURRENCY: '1' }, worker: true })
  const id = await service.submit('strict', { list: [1] }, { countdown: 1 })

  await service.db.pool.query(`update darkroom.tasks set args = '{}' where id = $1`, [id])

  const { state, error, attempts } = await service.finished(id)
  t.match({ state, attempts }, { state: 'FAILURE', attempts: 1 })
  t.equal(error?.type, 'InvalidArgs')
  t.match(error?.message, /^The arguments do not fit: args cannot be checked: .*'length'/)
  t.match(await service.finished(await service.submit('add', { x: 1, y: 1 })), { state: 'SUCCESS' })
})

t.test(
  'no attempt begins before it is taken or after it has ended, whatever the clock of its machine says',
  async t => {
    for (const [name, seconds] of Object.entries({ ahead: 3_600, behind: -3_600 })) {
      const folder = await taskFolder(t, {
        'off.ts': `${taskModule('off', `if (args.fail) throw new Error('no')`, once)}
        const now = Date.now
        // In the child alone: the clock of the worker itself is this test's.
        if (process.env.DARKROOM_CHILD) Date.now = () => now() + ${seconds} * 1000`
      })
      const service = await openService(t, { env: { TASKS_DIR: folder, WORKER_CONCURRENCY: '1' }, worker: true })
      await service.finished(await service.submit('off'))
      await delay(50)

      for (const fail of [false, true]) {
        const id = await service.submit('off', { fail }, { countdown: 0.1 })
        const { started_at, eta, finished_at } = await service.finished(id)

        t.ok(eta! <= started_at! && started_at! <= finished_at!, `${name}: ${eta} ${started_at} ${finished_at}`)
        const { items } = (await service.get(`/api/tasks/${id}/attempts`)).json()
        t.equal(items[0].started_at, started_at)
      }
    }
  }
)
