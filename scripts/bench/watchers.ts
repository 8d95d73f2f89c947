import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { mebibytes, memoryOf, percentile, startService } from './service.ts'

/**
 * Many sockets on one server, each of which watches one task: the time to accept them, and from the end of a task to
 * the message at the last of its watchers. API, worker, Postgres and the clients share the machine. The clients come
 * from as many addresses of 127.0.0.0/8 as the limits of the API ask for.
 *
 *   node scripts/bench/watchers.ts [sockets] [tasks]
 */
const sockets = Number(process.argv[2] ?? 1_900)
const tasks = Number(process.argv[3] ?? 1_000)
const letInAtOnce = 100
// Sockets of one address, which the API limits; in all a server takes 2,000 connections.
const ofAddress = 50
const longest = 120_000

interface Watcher {
  task: string
  /** When the first message came, and the one with a final state. */
  first: Promise<number>
  last: Promise<number>
}

const service = await startService()
const giveUp = setTimeout(() => {
  console.log(`not everybody was told within ${longest / 1000} s`)
  void service.stop().finally(() => process.exit(1))
}, longest)

await post('/api/queues/default/pause')
const body = { tasks: Array.from({ length: tasks }, (_, x) => ({ task: 'add', args: { x, y: 1 } })) }
const { ids } = (await (await post('/api/tasks/bulk', body)).json()) as { ids: string[] }
const before = await memoryOf(service.pid)

const started = now()
const letIn: number[] = []
const watchers: Watcher[] = []
await Promise.all(
  Array.from({ length: letInAtOnce }, async () => {
    while (watchers.length < sockets) {
      const asked = now()
      const watcher = watch(ids[watchers.length % tasks]!, `127.0.1.${1 + Math.floor(watchers.length / ofAddress)}`)
      watchers.push(watcher)
      letIn.push((await watcher.first) - asked)
    }
  })
)
const connected = now()
const open = await memoryOf(service.pid)

await post('/api/queues/default/resume')
const told = await Promise.all(watchers.map(async ({ task, last }) => ({ task, at: await last })))
const after = await memoryOf(service.pid)
clearTimeout(giveUp)

const lastOf = new Map<string, number>()
for (const { task, at } of told) lastOf.set(task, Math.max(at, lastOf.get(task) ?? 0))
const { rows } = await service.database.query(
  `select id, extract(epoch from finished_at)::float8 * 1000 as finished from darkroom.tasks where id = any($1)`,
  [ids]
)
const finished = new Map<string, number>(rows.map(({ id, finished }) => [id, finished]))
const delays = [...lastOf].map(([task, at]) => at - finished.get(task)!)
const ends = [...finished.values()].filter(Boolean)

console.log(`${sockets} sockets on ${tasks} tasks; each has got its final message`)
console.log(`let in: all in ${((connected - started) / 1000).toFixed(2)} s, ${spread(letIn)} to the first message`)
console.log(`the tasks ran within ${((Math.max(...ends) - Math.min(...ends)) / 1000).toFixed(2)} s`)
console.log(`from a task's end to the last of its watchers: ${spread(delays)}`)
const each = ((open.now - before.now) / sockets / 1024).toFixed(1)
console.log(
  `memory: ${mebibytes(before.now)} before, ${mebibytes(open.now)} with all of them (${each} KiB each), ${mebibytes(after.peak)} at most`
)
await service.stop()

function spread(values: number[]) {
  return [50, 99, 100].map(p => `p${p} ${percentile(values, p).toFixed(1)} ms`).join(', ')
}

function now() {
  return performance.timeOrigin + performance.now()
}

async function post(path: string, body: unknown = {}) {
  for (;;) {
    const response = await fetch(service.address + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body)
    })
    if (response.ok) return response
    if (response.status !== 503) throw new Error(await response.text())
    await delay(100)
  }
}

/** A minimal WebSocket client: on two cores, a comfortable one would be most of the load. */
function watch(task: string, localAddress: string): Watcher {
  const first = Promise.withResolvers<number>()
  const last = Promise.withResolvers<number>()
  const { hostname, port } = new URL(service.address)
  const socket = connect({ port: Number(port), host: hostname, localAddress }, () => {
    socket.write(
      `GET /ws/tasks/${task} HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`
    )
  })
  const fail = (why: unknown) => {
    first.reject(why)
    last.reject(why)
  }
  socket.once('error', fail)
  socket.once('close', () => fail(new Error('closed before the end')))

  let upgraded = false
  let bytes = Buffer.alloc(0)
  socket.on('data', chunk => {
    bytes = bytes.length > 0 ? Buffer.concat([bytes, chunk]) : chunk
    if (!upgraded) {
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0) return
      if (!bytes.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) return fail(new Error(bytes.toString()))
      upgraded = true
      bytes = bytes.subarray(end + 4)
    }
    for (let frame = take(); frame; frame = take()) {
      if (frame.opcode === 9) socket.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0]))
      if (frame.opcode === 8) socket.end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]))
      if (frame.opcode !== 1) continue
      const at = now()
      first.resolve(at)
      if (/"state":"(SUCCESS|FAILURE|REVOKED)"/.test(frame.payload.toString())) last.resolve(at)
    }
  })
  return { task, first: first.promise, last: last.promise }

  /** The next frame; servers do not mask theirs, and none here is longer than 64 KiB. */
  function take() {
    if (bytes.length < 2) return undefined
    const long = bytes[1] === 126
    if (long && bytes.length < 4) return undefined
    const start = long ? 4 : 2
    const length = long ? bytes.readUInt16BE(2) : bytes[1]!
    if (bytes.length < start + length) return undefined
    const frame = { opcode: bytes[0]! & 15, payload: bytes.subarray(start, start + length) }
    bytes = bytes.subarray(start + length)
    return frame
  }
}
