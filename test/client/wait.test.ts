import { connect, DarkroomError, TaskFailed } from 'darkroom/client'
import t from 'tap'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'

const folder = await taskFolder(t, {
  'hopeless.ts': taskModule('hopeless', `throw new GiveUp('it cannot be done', 'Hopeless')`)
})
const service = await openService(t, { worker: true, env: { TASKS_DIR: folder } })
const address = await service.listen()
const darkroom = connect(address)

t.test('wait returns the task with its result', async t => {
  const { id } = await darkroom.submit('add', { x: 4, y: 6 })

  const task = await darkroom.wait<number>(id)

  t.match(task, { id, state: 'SUCCESS', result: 10 })
})

t.test('wait for a task that fails throws its error', async t => {
  const { id } = await darkroom.submit('hopeless')

  const error = await darkroom.wait(id).catch(error => error)

  t.ok(error instanceof TaskFailed && error instanceof DarkroomError)
  t.match(error, { name: 'TaskFailed', code: 'TASK_FAILED', type: 'Hopeless', message: 'it cannot be done' })
  t.match(error.task, { id, state: 'FAILURE' })
})

t.test('wait for a cancelled task throws, and the task can be retried', async t => {
  const { id } = await darkroom.submit('sleep', { seconds: 60 })
  await service.until(id, ({ state }) => state === 'STARTED')
  const waiting = darkroom.wait(id).catch(error => error)

  t.match(await darkroom.cancel(id, { wait: 10 }), { state: 'REVOKED' })

  t.match(await waiting, { name: 'TaskFailed', type: 'cancelled', task: { state: 'REVOKED' } })
  t.match(await darkroom.retry(id), { id, error: null })
  await darkroom.cancel(id, { wait: 10 })
  await t.rejects(darkroom.cancel(id), { code: 'TASK_FINISHED', status: 409 })
})

t.test('wait ends at its timeout, or when its signal aborts', async t => {
  const { id } = await darkroom.submit('add', { x: 1, y: 1 }, { countdown: 3600 })
  const giveUp = new AbortController()
  const reason = new Error('enough')

  const began = performance.now()
  await t.rejects(darkroom.wait(id, { timeout: 0.3 }), { name: 'DarkroomError', code: 'TIMEOUT' })
  const took = performance.now() - began
  const waiting = darkroom.wait(id, { signal: giveUp.signal })
  giveUp.abort(reason)

  t.ok(took >= 290 && took < 5_000, `${took} ms`)
  await t.rejects(waiting, reason)
  await t.rejects(darkroom.wait('garbage'), { code: 'TASK_NOT_FOUND', status: 404 })
})

t.test('wait ends at its timeout if the server never answers', async t => {
  const silent = connect(address, {
    fetch: (_, init) =>
      new Promise((_, reject) => {
        init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason))
      })
  })

  await t.rejects(silent.wait('x', { timeout: 0.1 }), { code: 'TIMEOUT' })
})

t.test('a server that stops answers at once, and the client pauses before its next request', async t => {
  let asked = 0
  const task = { id: 'x', state: 'STARTED' }
  const stopping = connect(address, {
    async fetch() {
      return Response.json(++asked < 3 ? task : { ...task, state: 'SUCCESS', result: 17 })
    }
  })
  const began = performance.now()

  t.match(await stopping.wait('x'), { result: 17 })

  t.equal(asked, 3)
  t.ok(performance.now() - began >= 900)
})
