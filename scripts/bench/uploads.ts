import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { mebibytes, median, memoryOf, startService } from './service.ts'

/**
 * A resumable upload of 1 GiB, in pieces of 8 MiB and in one request, against the same bytes as a form, in turns. Then
 * what it costs where the file has to be read again for its hash, as after a restart of the API, and the memory.
 *
 *   node scripts/bench/uploads.ts [rounds] [MiB]
 */
const MiB = 1024 ** 2
const rounds = Number(process.argv[2] ?? 3)
const size = Number(process.argv[3] ?? 1024) * MiB
const chunk = randomBytes(MiB)
const boundary = '----WebKitFormBoundary7MA4YWxkTrZu0gW2'
const agent = new Agent({ keepAlive: true })
const tus = { 'tus-resumable': '1.0.0', 'content-type': 'application/offset+octet-stream' }

const service = await startService({ WORKER_CONCURRENCY: '1', WORKER_QUEUES: 'default' })
const ways: Record<string, () => Promise<{ id: string; lastPiece?: number }>> = {
  form,
  'pieces of 8 MiB': () => resumable(8 * MiB),
  'one PATCH': () => resumable(size),
  'pieces, read again': () => resumable(8 * MiB, true)
}
const ratios = new Map(Object.keys(ways).map(name => [name, [] as number[]]))
const peaks: number[] = []
const before = await memoryOf(service.pid)
for (let round = 0; round <= rounds; round++) {
  let asForm = 0
  for (const [name, run] of Object.entries(ways)) {
    const began = performance.now()
    const { id, lastPiece } = await run()
    const seconds = (performance.now() - began) / 1000
    await fetch(`${service.address}/api/videos/${id}`, { method: 'DELETE' })
    if (name === 'form') asForm = seconds
    // The first round pays for modules that are loaded and compiled only once.
    if (round > 0) ratios.get(name)!.push(asForm / seconds)
    const last = lastPiece === undefined ? '' : `, last piece ${(lastPiece * 1000).toFixed(0)} ms`
    console.log(`round ${round}: ${name} ${(size / MiB / seconds).toFixed(0)} MiB/s${last}`)
  }
  peaks.push((await memoryOf(service.pid)).peak)
}
for (const [name, found] of ratios) console.log(`${name}: ${median(found).toFixed(2)} × the form`)
console.log(`memory of the API: ${mebibytes(before.now)} before, at most ${peaks.map(mebibytes).join(', ')} by round`)
agent.destroy()
await service.stop()

async function form() {
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="video"; filename="film.mp4"\r\n\r\n`
  const tail = `\r\n--${boundary}--\r\n`
  const headers = {
    'content-type': `multipart/form-data; boundary=${boundary}`,
    'content-length': head.length + size + tail.length
  }
  return JSON.parse((await send('POST', '/api/videos', headers, bytes(size, head, tail))).text) as { id: string }
}

async function resumable(piece: number, readAgain = false) {
  const created = await send('POST', '/api/uploads', { 'tus-resumable': '1.0.0', 'upload-length': size })
  const { id } = JSON.parse(created.text) as { id: string }
  let lastPiece = 0
  for (let offset = 0; offset < size; offset += piece) {
    const length = Math.min(piece, size - offset)
    // What the row says after a lease that nobody left.
    if (readAgain && offset + length === size) {
      await service.database.query('update darkroom.uploads set written_by = null where id = $1', [id])
    }
    const began = performance.now()
    const headers = { ...tus, 'upload-offset': offset, 'content-length': length }
    await send('PATCH', `/api/uploads/${id}`, headers, bytes(length))
    lastPiece = (performance.now() - began) / 1000
  }
  return { id, lastPiece }
}

async function send(method: string, path: string, headers: object, body?: Iterable<Buffer>) {
  const outgoing = request(`${service.address}${path}`, { method, agent, headers: { ...headers } })
  const answered = once(outgoing, 'response')
  if (body) await pipeline(Readable.from(body), outgoing)
  else outgoing.end()
  const [response] = await answered
  let text = ''
  for await (const part of response.setEncoding('utf8')) text += part
  if (response.statusCode >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${text}`)
  return { text }
}

function* bytes(length: number, head = '', tail = '') {
  if (head) yield Buffer.from(head)
  for (let sent = 0; sent < length; sent += chunk.length) yield chunk.subarray(0, Math.min(chunk.length, length - sent))
  if (tail) yield Buffer.from(tail)
}
