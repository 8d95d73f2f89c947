import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import { outcomes } from '../harness/outcomes.ts'
import { openService, type Service } from '../harness/service.ts'
import { inlineModule, taskFolder } from '../harness/task-folder.ts'
import { spawnWorker } from '../harness/worker-process.ts'

// Endings of an inline body that would end the whole process, and the failure that its attempt gets instead.
const breaks: Record<string, { body: string; error: object; meanwhile?: (service: Service, id: string) => unknown }> = {
  'throws when its signal aborts': {
    body: `signal.addEventListener('abort', () => { throw new RangeError('too far') }); await forever()`,
    error: { type: 'cancelled' },
    meanwhile: (service, id) => service.post(`/api/tasks/${id}/cancel`)
  },
  'throws in a timer': {
    body: `setTimeout(() => { throw new RangeError('too far') }, 20); await forever()`,
    error: { type: 'RangeError', message: 'too far' }
  },
  'throws in a timer what is no error': {
    body: `setTimeout(() => { throw undefined }, 20); await forever()`,
    error: { type: 'NotAnError', message: 'The task threw undefined' }
  },
  'throws in a timer what cannot be read': {
    body: `setTimeout(() => { throw new (class extends Error { get message () { throw new Error('gotcha') } })() }, 20)
           await forever()`,
    error: {}
  },
  'throws in a microtask': {
    body: `await db.pool.query('select'); queueMicrotask(() => { throw new RangeError('too far') }); await forever()`,
    error: { type: 'RangeError', message: 'too far' }
  },
  'emits an error without a listener': {
    body: `setImmediate(() => new EventEmitter().emit('error', new TypeError('unheard'))); await forever()`,
    error: { type: 'TypeError', message: 'unheard' }
  },
  'starts a program that is not there': {
    body: `spawn('/no/such/program'); await forever()`,
    error: { type: 'Error', message: /ENOENT/ }
  }
}

t.test('an uncaught error of an inline body fails its attempt alone', async t => {
  const kinds = Object.entries(breaks).map(([, { body }], n) => [
    `b${n}.ts`,
    inlineModule(`b${n}`, body, 'max_retries: 0')
  ])
  const TASKS_DIR = await taskFolder(t, {
    ...Object.fromEntries(kinds),
    'leaving.ts': inlineModule('leaving', `setTimeout(() => { throw new Error('left') }, 50)`),
    'careless.ts': inlineModule(
      'careless',
      `void Promise.reject(new Error('it is not awaited')); await delay(50); return 'done'`
    ),
    'innocent.ts': inlineModule('innocent', `while (!existsSync(args.gate)) await delay(20); return process.pid`)
  })
  const service = await openService(t, { env: { TASKS_DIR, WORKER_CONCURRENCY: '3' } })
  const worker = await spawnWorker(t, service)
  const gate = path.join(service.dataDir, 'gate')
  const innocent = await service.submit('innocent', { gate })
  await service.until(innocent, ({ state }) => state === 'STARTED')

  for (const [index, [name, { error, meanwhile }]] of Object.entries(breaks).entries()) {
    t.test(`one that ${name}`, async t => {
      const id = await service.submit(`b${index}`)
      if (meanwhile) {
        await service.until(id, ({ state }) => state === 'STARTED')
        await meanwhile(service, id)
      }

      const task = await service.finished(id)

      t.match(task, { result: null, attempts: 1, worker: worker.id, error })
      t.strictSame(await outcomes(service, id), [meanwhile ? 'cancelled' : 'failure'])
    })
  }

  t.test('leftovers of a body may throw later', async t => {
    t.match(await service.finished(await service.submit('leaving')), { state: 'SUCCESS', attempts: 1 })
    await worker.heard('would have ended the worker: left')
  })

  t.test('a rejected promise that is not awaited fails no attempt', async t => {
    t.match(await service.finished(await service.submit('careless')), { state: 'SUCCESS', result: 'done', attempts: 1 })
  })

  t.test('an attempt beside them succeeds', async t => {
    await writeFile(gate, '')

    t.match(await service.finished(innocent), { state: 'SUCCESS', result: worker.pid, attempts: 1, worker: worker.id })
    worker.kill('SIGTERM')
    t.strictSame(await worker.exited, { code: 0, signal: null })
  })
})

// No body has thrown it, so no attempt can fail instead: the module of a kind, for example.
const ends: Record<string, { what: string; code: number }> = {
  throws: { what: `throw new Error('nothing has caught it')`, code: 1 },
  exits: { what: `console.error('nothing has caught it'); process.exit(5)`, code: 5 }
}

for (const [name, { what, code }] of Object.entries(ends)) {
  t.test(`a worker ends as it would when something else in it ${name}`, async t => {
    const { TASKS_DIR, file } = await trap(t, what)
    const service = await openService(t, { env: { TASKS_DIR } })
    const worker = await spawnWorker(t, service)
    await service.finished(await service.submit('trap'))

    await writeFile(file, '')

    t.strictSame(await worker.exited, { code, signal: null })
    t.ok(worker.said.some(line => line.includes('nothing has caught it')))
  })
}

/** A module that acts by itself as soon as a file exists. */
async function trap(t: Test, what: string) {
  const TASKS_DIR = await taskFolder(t, {})
  const file = path.join(TASKS_DIR, 'now')
  const source = `${inlineModule('trap', 'await db.pool.query("select")')}
    const isThere = () => existsSync(${JSON.stringify(file)})
    // The API loads the module too, and so do children.
    if (process.argv.includes('worker')) setInterval(() => { if (isThere()) { ${what} } }, 20)`
  await writeFile(path.join(TASKS_DIR, 'trap.ts'), source)
  return { TASKS_DIR, file }
}
