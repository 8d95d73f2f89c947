import t from 'tap'
import { openService } from '../harness/service.ts'

const submission = { task: 'add', args: { x: 1, y: 2 } }
const schedule = { name: 'nightly', task: 'add', args: { x: 1, y: 2 }, every: 3600 }
const tus = { 'tus-resumable': '1.0.0', 'upload-length': '5' }
const requests: [url: string, body: unknown, headers?: Record<string, string>][] = [
  ['/api/tasks', submission],
  ['/api/tasks/process', { data: 'hello' }],
  ['/api/schedules', schedule],
  ['/api/schedules/sweep/run', undefined],
  ['/api/uploads', undefined, tus]
]

for (const [PUBLIC_URL, prefix] of [
  ['https://films.example/darkroom/', '/darkroom'],
  ['https://films.example', '']
] as const) {
  t.test(`behind ${PUBLIC_URL} the address of what was created is one that the world reaches`, async t => {
    const service = await openService(t, { env: { PUBLIC_URL }, worker: true })
    for (const [url, body, headers = {}] of requests) {
      const keyed = { ...headers, 'idempotency-key': url }
      const { headers: first, statusCode } = await service.post(url, body, keyed)
      t.ok(statusCode < 300, url)
      const location = String(first.location)

      t.match(location, new RegExp(`^${prefix}/api/`), url)
      // What the proxy passes on.
      t.equal((await service.get(location.slice(prefix.length))).statusCode, 200, url)
      t.equal((await service.post(url, body, keyed)).headers.location, location, 'also of a repeated request')
    }
    t.match((await service.get('/', { accept: 'text/html' })).headers.location, 'ui')
  })
}
