import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { request } from 'node:http'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { mebibytes, median, memoryOf, startService } from './service.ts'

/**
 * An upload of 1 GiB against the same bytes sent to a bare node:http server that writes them to the same disk, in
 * turns. And how much memory the API needs for it.
 *
 *   node scripts/bench/upload.ts [rounds] [MiB]
 */
const rounds = Number(process.argv[2] ?? 5)
const size = Number(process.argv[3] ?? 1024) * 1024 ** 2
const chunk = randomBytes(1024 ** 2)
// As long as a browser's: the parser that looks for it in the body skips by its length.
const boundary = '----WebKitFormBoundary7MA4YWxkTrZu0gW2'

const service = await startService({ WORKER_CONCURRENCY: '1' })
const bareFile = path.join(service.dataDir, 'bare')
const bare = fork(path.join(import.meta.dirname, 'bare-http.ts'), [bareFile])
const [port] = await once(bare, 'message')

const ratios: number[] = []
const before = await memoryOf(service.pid)
for (let round = 0; round < rounds + 1; round++) {
  const bareSeconds = await send(`http://127.0.0.1:${port}/`, '', '')
  await rm(bareFile)
  const { seconds, id } = await upload()
  await fetch(`${service.address}/api/videos/${id}`, { method: 'DELETE' })
  const ratio = bareSeconds / seconds
  // The first round pays for modules that are loaded and compiled only once.
  if (round > 0) ratios.push(ratio)
  const rate = (each: number) => `${(size / 1024 ** 2 / each).toFixed(0)} MiB/s`
  console.log(`round ${round}: bare ${rate(bareSeconds)}, upload ${rate(seconds)}, ${(ratio * 100).toFixed(0)} %`)
}
const after = await memoryOf(service.pid)
console.log(`median ${(median(ratios) * 100).toFixed(0)} % of the bare server's throughput`)
console.log(
  `memory of the API: ${mebibytes(before.now)} before, ${mebibytes(after.peak)} at most: +${mebibytes(after.peak - before.now)}`
)

bare.disconnect()
await service.stop()

async function upload() {
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="video"; filename="film.mp4"\r\n\r\n`
  const tail = `\r\n--${boundary}--\r\n`
  let answer = ''
  const seconds = await send(`${service.address}/api/videos`, head, tail, text => {
    answer += text
  })
  return { seconds, id: JSON.parse(answer).id as string }
}

async function send(url: string, head: string, tail: string, hear = (_: string) => {}) {
  const started = performance.now()
  const outgoing = request(url, {
    method: 'POST',
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': head.length + size + tail.length
    }
  })
  const answered = once(outgoing, 'response')
  await pipeline(Readable.from(body(head, tail)), outgoing)
  const [response] = await answered
  for await (const text of response.setEncoding('utf8')) hear(text)
  return (performance.now() - started) / 1000
}

function* body(head: string, tail: string) {
  if (head) yield Buffer.from(head)
  for (let sent = 0; sent < size; sent += chunk.length) yield chunk
  if (tail) yield Buffer.from(tail)
}
