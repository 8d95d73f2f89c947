import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { gate } from '../harness/gate.ts'
import { skipWithoutProc } from '../harness/processes.ts'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'

const hold = 'Buffer.alloc(100 * 1024 * 1024, 1); progress(0.5)'

const folder = await taskFolder(t, {
  ...gate,
  'deaf.ts': taskModule('deaf', `${hold}; await delay(600_000)`, 'max_retries: 0'),
  // SIGTERM kills its process at once.
  'frail.ts': taskModule('frail', `process.removeAllListeners('SIGTERM'); ${hold}; await delay(600_000)`),
  'silent.ts': taskModule('silent', `${hold}; for (;;);`, 'max_retries: 0, stall_limit: 1'),
  'leaving.ts': taskModule('leaving', `if (attempt > 1) return; ${hold}; await delay(2_000); process.exit(3)`),
  'hasty.ts': taskModule('hasty', 'if (attempt === 1) process.exit(3)'),
  'hungry.ts': taskModule(
    'hungry',
    `if (attempt > 1) return 'well'
     for (const kept = []; ; ) kept.push(new Array(10_000).fill(attempt))`
  ),
  'pid.ts': taskModule('pid', 'return process.pid'),
  'leading.ts': taskModule(
    'leading',
    `const { once } = await import('node:events')
     const program = 'const held = Buffer.alloc(300e6, 1); console.log("held"); setTimeout(() => held, 600_000)'
     const stdio = ['ignore', 'pipe', 'ignore']
     const eater = spawn(process.execPath, ['-e', program], { detached: args.apart, stdio })
     await once(eater.stdout, 'data')
     // Time for several looks, also on a busy machine.
     if (args.crash) setTimeout(() => process.exit(3), 4_000)
     await delay(args.crash ? 600_000 : 4_000, undefined, { signal }).finally(() => eater.kill('SIGKILL'))
     return process.pid`,
    'max_retries: 0'
  ),
  'generous.ts': taskModule(
    'generous',
    `const { setFlagsFromString } = await import('node:v8')
     const { runInNewContext } = await import('node:vm')
     setFlagsFromString('--expose-gc')
     globalThis.kept = Buffer.alloc(300e6, 1)
     const giveBack = async () => {
       delete globalThis.kept
       runInNewContext('gc')()
       // A thread of its own does it.
       while (process.memoryUsage.rss() > 250e6) await delay(5)
     }
     if (args.later) setTimeout(() => giveBack().then(() => writeFileSync(args.later, '')), 200)
     else await giveBack()
     return process.pid`
  )
})

t.test('a task that fills its memory is a crash, and does not disturb the task beside it', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  // To fill the usual four gigabytes takes many seconds, and a machine that has them.
  await service.startWorker({ WORKER_CONCURRENCY: '2', NODE_OPTIONS: '--max-old-space-size=40' })
  const open = path.join(service.dataDir, 'open')
  const beside = await service.submit('gate', { gate: open })
  await service.until(beside, ({ state }) => state === 'STARTED')

  const hungry = await service.finished(await service.submit('hungry', {}, { max_retries: 0 }))
  await writeFile(open, '')

  t.match(hungry, { state: 'SUCCESS', result: 'well', attempts: 2 })
  const { items } = (await service.get(`/api/tasks/${hungry.id}/attempts`)).json()
  t.match(items, [
    { outcome: 'crashed', exit_code: null, signal: 'SIGABRT', error: { message: /SIGABRT/ }, stderr: /out of memory/ },
    { outcome: 'success' }
  ])
  t.match(await service.finished(beside), { state: 'SUCCESS', result: 1, attempts: 1 })
})

t.test('an attempt that is killed or crashes has the memory that it took', { skip: skipWithoutProc }, async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder, WORKER_CONCURRENCY: '5' }, worker: true })

  const cancelled = await Promise.all(['deaf', 'frail'].map(task => service.submit(task)))
  const others = await Promise.all([
    service.submit('deaf', {}, { time_limit: 2 }),
    service.submit('silent'),
    service.submit('leaving')
  ])
  for (const id of cancelled) {
    await service.until(id, ({ progress }) => progress === 0.5)
    await service.post(`/api/tasks/${id}/cancel`)
  }

  const ends: Record<string, unknown>[] = []
  for (const id of [...cancelled, ...others]) {
    await service.finished(id)
    ends.push((await service.get(`/api/tasks/${id}/attempts`)).json().items[0])
  }
  t.match(ends, [
    { outcome: 'cancelled', signal: 'SIGKILL' },
    { outcome: 'cancelled', signal: 'SIGTERM' },
    { outcome: 'time_limit' },
    { outcome: 'stalled' },
    { outcome: 'crashed', exit_code: 3 }
  ])
  for (const { outcome, peak_memory } of ends) t.ok(Number(peak_memory) > 100e6, `${outcome}: ${peak_memory}`)
})

t.test("memory that the worker held when it started a child is not a task's", { skip: skipWithoutProc }, async t => {
  // The worker is in this process.
  const held = Buffer.alloc(400e6, 1)
  const service = await openService(t, { worker: true })

  const id = await service.submit('add', { x: 1, y: 1 })
  await service.finished(id)

  const [{ peak_memory }] = (await service.get(`/api/tasks/${id}/attempts`)).json().items
  t.ok(peak_memory > 20e6 && peak_memory < held.length, `${peak_memory} bytes`)
})

t.test("memory that an attempt has freed is not the next attempt's", { skip: skipWithoutProc }, async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder, WORKER_CONCURRENCY: '1' }, worker: true })
  const later = path.join(service.dataDir, 'given back')

  const ids = [
    await service.submit('generous'),
    await service.submit('pid'),
    await service.submit('generous', { later })
  ]
  for (const id of ids) await service.finished(id)
  await until(() => existsSync(later), 'it has given back')
  ids.push(await service.submit('pid'))

  const tasks = await Promise.all(ids.map(service.finished))
  t.equal(new Set(tasks.map(({ result }) => result)).size, 1, 'all were in one process')
  const peaks = await Promise.all(ids.map(id => peakOf(service, id)))
  t.match(
    peaks.map(peak => peak > 300e6),
    [true, false, true, false],
    peaks.join()
  )
})

t.test('the memory of a short attempt is measured right after another one', { skip: skipWithoutProc }, async t => {
  // A child can tell the peak of its worker less easily.
  const held = Buffer.alloc(600e6, 1)
  const service = await openService(t, { env: { TASKS_DIR: folder, WORKER_CONCURRENCY: '1' }, worker: true })

  const small = await service.submit('pid')
  const large = await service.submit('generous')

  await service.finished(large)
  t.ok((await peakOf(service, small)) < 200e6)
  const peak = await peakOf(service, large)
  t.ok(peak > 300e6 && peak < held.length, `${peak} bytes`)
})

t.test("an attempt that crashes at once has its process's memory before it", { skip: skipWithoutProc }, async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder, WORKER_CONCURRENCY: '1' }, worker: true })

  // In a new process, in one that has run something, and in one that has given back most of what it held.
  const ids = [await service.submit('hasty')]
  for (const task of ['pid', 'hasty', 'generous', 'hasty']) ids.push(await service.submit(task))
  for (const id of ids) await service.finished(id)

  const peaks = await Promise.all([ids[0], ids[2], ids[4]].map(id => peakOf(service, id!)))
  for (const peak of peaks) t.ok(peak > 20e6 && peak < 200e6, `${peak} bytes`)
})

t.test('memory of processes that an attempt has started is its own too', { skip: skipWithoutProc }, async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder, WORKER_CONCURRENCY: '3' }, worker: true })

  const ids = await Promise.all([{}, { apart: true }, { crash: true }].map(args => service.submit('leading', args)))
  for (const id of ids) await service.until(id, ({ state, attempts }) => state === 'SUCCESS' || attempts > 1)

  for (const id of ids) {
    const peak = await peakOf(service, id)
    t.ok(peak > 330e6 && peak < 600e6, `${peak} bytes`)
  }
})

t.test('it does not replace a child that has not held it itself', { skip: skipWithoutProc }, async t => {
  const env = { TASKS_DIR: folder, WORKER_CONCURRENCY: '1', WORKER_MAX_MEMORY_PER_CHILD: '200' }
  const service = await openService(t, { env, worker: true })

  const leading = await service.finished(await service.submit('leading'))
  const next = await service.finished(await service.submit('pid'))

  t.ok((await peakOf(service, leading.id)) > 300e6)
  t.equal(next.result, leading.result)
  const peak = await peakOf(service, next.id)
  t.ok(peak < 200e6, `${peak} bytes`)
})

async function peakOf({ get }: Service, id: string): Promise<number> {
  return (await get(`/api/tasks/${id}/attempts`)).json().items[0].peak_memory
}
