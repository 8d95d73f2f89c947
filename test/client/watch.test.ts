import { connect, type TaskMessage } from 'darkroom/client'
import t from 'tap'
import { openProxy } from '../harness/proxy.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'

const gate = `const { existsSync } = await import('node:fs'); while (!existsSync(args.gate)) await delay(20)`
const folder = await taskFolder(t, { 'gate.ts': taskModule('gate', `progress(0.5); ${gate}; return 'done'`) })
const service = await openService(t, { worker: true, env: { TASKS_DIR: folder } })
const address = await service.listen()
const darkroom = connect(address)
const unknownId = '01980000-0000-7000-8000-000000000000'

let gates = 0
/** A task that runs until its gate opens. */
async function held() {
  const { writeFile } = await import('node:fs/promises')
  const file = `${folder}/open-${gates++}`
  const { id } = await darkroom.submit('gate', { gate: file })
  return { id, letThrough: () => writeFile(file, '') }
}

async function all(messages: AsyncIterable<TaskMessage>, onMessage: (message: TaskMessage) => unknown = () => {}) {
  const seen: TaskMessage[] = []
  for await (const message of messages) {
    seen.push(message)
    await onMessage(message)
  }
  return seen
}

function isStory(t: Parameters<typeof openService>[0], id: string, seen: TaskMessage[]) {
  t.match(seen.at(-1), { task_id: id, state: 'SUCCESS', status: 'COMPLETED', result: 'done', error: null })
  t.ok(
    seen.some(({ state, progress }) => state === 'STARTED' && progress === 0.5),
    'its progress was told'
  )
  t.equal(seen.filter(({ state }) => state === 'SUCCESS').length, 1)
  t.equal(new Set(seen.map(message => JSON.stringify(message))).size, seen.length, 'nothing is told twice')
}

t.test('watch yields each change and ends with the task', async t => {
  const { id, letThrough } = await held()

  const seen = await all(darkroom.watch(id), ({ progress }) => progress === 0.5 && letThrough())

  isStory(t, id, seen)
})

t.test('watch of a finished task yields once', async t => {
  const { id } = await darkroom.submit('add', { x: 1, y: 2 })
  await darkroom.wait(id)

  t.match(await all(darkroom.watch(id)), [{ task_id: id, state: 'SUCCESS', result: 3 }])
})

t.test('watch of an unknown id is an error', async t => {
  for (const id of [unknownId, 'garbage'])
    await t.rejects(all(darkroom.watch(id)), { code: 'TASK_NOT_FOUND', status: 404 })
})

t.test('a broken connection is opened again, and no message comes twice', async t => {
  const proxy = await openProxy(t, address)
  const { id, letThrough } = await held()
  let breaks = 0

  const seen = await all(connect(proxy.url).watch(id), async ({ progress }) => {
    if (progress !== 0.5 || breaks++ > 0) return
    proxy.cut()
    await letThrough()
    await service.finished(id)
    proxy.restore()
  })

  t.equal(breaks, 1)
  isStory(t, id, seen)
})

t.test('without a WebSocket the status is polled', async t => {
  const { WebSocket } = globalThis
  t.teardown(() => Object.assign(globalThis, { WebSocket }))
  const clients = {
    'there is none': () => {
      Reflect.deleteProperty(globalThis, 'WebSocket')
      return darkroom
    },
    'none is let through': () => {
      class Refused extends WebSocket {
        constructor() {
          super('ws://127.0.0.1:1')
        }
      }
      Object.assign(globalThis, { WebSocket: Refused })
      return darkroom
    },
    'headers are to be sent': () => {
      Object.assign(globalThis, { WebSocket })
      return connect(address, { headers: { authorization: 'Bearer 17' } })
    }
  }

  for (const [why, client] of Object.entries(clients)) {
    const { id, letThrough } = await held()

    const seen = await all(client().watch(id), ({ progress }) => progress === 0.5 && letThrough())

    t.comment(why)
    isStory(t, id, seen)
  }
  await t.rejects(all(darkroom.watch(unknownId)), { code: 'TASK_NOT_FOUND' })
})

t.test('ending the loop closes the connection', async t => {
  const { WebSocket } = globalThis
  const opened: InstanceType<typeof WebSocket>[] = []
  class Noted extends WebSocket {
    constructor(url: URL) {
      super(url)
      opened.push(this)
    }
  }
  Object.assign(globalThis, { WebSocket: Noted })
  t.teardown(() => Object.assign(globalThis, { WebSocket }))
  const { id } = await held()
  const giveUp = new AbortController()
  const reason = new Error('enough')

  for await (const _ of darkroom.watch(id)) break
  await t.rejects(
    all(darkroom.watch(id, { signal: giveUp.signal }), () => giveUp.abort(reason)),
    reason
  )

  t.equal(opened.length, 2)
  for (const socket of opened) t.ok(socket.readyState >= WebSocket.CLOSING)
})
