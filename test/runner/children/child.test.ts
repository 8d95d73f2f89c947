import path from 'node:path'
import t, { type Test } from 'tap'
import { Child } from '../../../src/runner/children/child-process.ts'
import type { Listener } from '../../../src/runner/children/line.ts'
import { Tail } from '../../../src/tasks/log/tail.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'

const folder = await taskFolder(t, {
  'told.ts': taskModule(
    'told',
    `process.on('SIGTERM', () => log('got SIGTERM'))
     log('listening')
     await new Promise(resolve => signal.addEventListener('abort', resolve))
     return signal.reason.message`
  ),
  'eager.ts': taskModule('eager', `for (let n = 1; n <= 100_000; n++) progress(n / 100_000, n); return 'done'`),
  'brief.ts': taskModule('brief', `progress(0.25); progress(0.5); for (;;);`)
})

const nothing: Listener = { begins() {}, loading() {}, started() {}, progress() {}, log() {}, program() {} }

async function openChild(t: Test) {
  const child = new Child({
    env: { ...process.env, TASKS_DIR: folder },
    databaseUrl: 'postgres://nowhere',
    kinds: [],
    mark: `test-${process.pid}:1.`
  })
  t.teardown(() => child.stop({ nicely: false }))
  await child.ready
  const run = (task: string, listener: Partial<Listener>) =>
    child.run(
      { task, file: path.join(folder, `${task}.ts`), id: 'x', args: {}, attempt: 1 },
      { ...nothing, ...listener },
      new Tail()
    )
  return { child, run }
}

t.test('a body learns why it has to stop, also when SIGTERM arrives before the reason', async t => {
  const { child, run } = await openChild(t)

  const place = run('told', {
    log(line) {
      if (line === 'listening') process.kill(child.pid!, 'SIGTERM')
      else child.abort(place, 'time_limit')
    }
  })
  const end = await place.ended

  t.match(end, { type: 'success', result: '"The task is to stop: time_limit"' })
})

t.test('without a reason SIGTERM stands for a shutdown', async t => {
  const { child, run } = await openChild(t)

  const { ended } = run('told', { log: line => void (line === 'listening' && process.kill(child.pid!, 'SIGTERM')) })
  const end = await ended

  t.match(end, { type: 'success', result: '"The task is to stop: shutdown"' })
})

t.test('a tight loop of reports does not flood the worker, and the last one arrives before the end', async t => {
  const { run } = await openChild(t)
  const reports: unknown[] = []

  const end = await run('eager', { progress: (fraction, detail) => void reports.push([fraction, detail]) }).ended

  t.match(end, { type: 'success' })
  t.ok(reports.length < 2_000, `${reports.length} reports`)
  t.strictSame(reports.at(-1), [1, 100_000])
})

t.test('a few reports arrive at once, also of a body that then computes for ever', async t => {
  const { run } = await openChild(t)

  await new Promise<void>(resolve => {
    void run('brief', { progress: fraction => void (fraction === 0.5 && resolve()) })
  })

  t.pass('the last one is here')
})
