import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { openLine } from '../harness/line.ts'
import { openService } from '../harness/service.ts'

const around = await mkdtemp(path.join(tmpdir(), 'darkroom-pages-'))
t.teardown(() => rm(around, { recursive: true, force: true }))
const PUBLIC_DIR = path.join(around, 'pages')
const files: Record<string, string> = {
  'index.html': '<title>home</title>',
  'app.js': 'export {}',
  'style.css': 'body {}',
  'data.json': '{"a": 1}',
  'Film ü.html': 'a name',
  '100%.txt': 'percent',
  'sub/index.html': 'below',
  'sub/deep/page.html': 'deep',
  'empty/.keep': '',
  'api/queues': 'not the API',
  'api/tasks.html': 'not the API either',
  docs: 'not the docs',
  '.env': 'secret',
  '.git/config': 'secret',
  'sub/.hidden': 'secret',
  '../outside.txt': 'secret'
}
for (const [name, content] of Object.entries(files)) {
  const file = path.join(PUBLIC_DIR, name)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, content)
}
await symlink('../outside.txt', path.join(PUBLIC_DIR, 'link.txt'))
await symlink('..', path.join(PUBLIC_DIR, 'up'))
await symlink('app.js', path.join(PUBLIC_DIR, 'same.js'))
const lines: { level: number; msg: string }[] = []
const service = await openService(t, { env: { PUBLIC_DIR }, hear: line => lines.push(line) })

t.test('files of the folder are served with their types', async t => {
  const cases: [url: string, type: RegExp, body: string][] = [
    ['/', /^text\/html/, files['index.html']!],
    ['/?x=1', /^text\/html/, files['index.html']!],
    ['/index.html', /^text\/html/, files['index.html']!],
    ['/app.js', /javascript/, files['app.js']!],
    ['/same.js', /javascript/, files['app.js']!],
    ['/style.css', /^text\/css/, files['style.css']!],
    ['/data.json', /^application\/json/, files['data.json']!],
    ['/Film%20%C3%BC.html', /^text\/html/, 'a name'],
    ['/100%25.txt', /^text\/plain/, 'percent'],
    ['/sub/', /^text\/html/, 'below'],
    ['/sub/deep/page.html', /^text\/html/, 'deep']
  ]

  for (const [url, type, content] of cases) {
    const { statusCode, headers, body } = await service.get(url)
    t.equal(statusCode, 200, url)
    t.equal(body, content, url)
    t.match(
      headers,
      { 'content-type': type, etag: /"/, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' },
      url
    )
    const head = await service.api.app.inject({ method: 'HEAD', url })
    t.equal(head.statusCode, 200)
    t.equal(head.headers['content-length'], headers['content-length'])
    t.equal((await service.get(url, { 'if-none-match': String(headers.etag) })).statusCode, 304)
  }
  const part = await service.get('/app.js', { range: 'bytes=0-2' })
  t.match([part.statusCode, part.body, part.headers['content-range']], [206, 'exp', 'bytes 0-2/9'])
  const beyond = await service.get('/app.js', { range: 'bytes=100-' })
  t.match([beyond.statusCode, beyond.headers['content-range']], [416, 'bytes */9'])
  t.equal((await service.get('/app.js', { 'if-match': '"another"' })).statusCode, 412)
  const folder = await service.get('/sub')
  t.match([folder.statusCode, folder.headers.location], [301, './sub/'])
})

t.test('no other file is served: no hidden one, none outside of the folder, by no other method', async t => {
  const line = await openLine(t, await service.listen())
  const targets = [
    '/.env',
    '/.git/config',
    '/.git/',
    '/%2eenv',
    '/sub/.hidden',
    '/nothing.html',
    '/empty/',
    '/../outside.txt',
    '/sub/../../outside.txt',
    '/%2e%2e/outside.txt',
    '/..%2foutside.txt',
    '/sub/..%2f..%2foutside.txt',
    '/..%5coutside.txt',
    '//outside.txt',
    '/link.txt',
    '/up/outside.txt',
    '/up',
    '/app.js%00',
    '/app.js/',
    '/%ff'
  ]

  for (const target of targets) {
    await line.send(`GET ${target} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    const { status, body } = await line.answer()
    t.equal(status, 404, target)
    t.equal(JSON.parse(body).code, 'ROUTE_NOT_FOUND', target)
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const) {
    t.equal((await service.api.app.inject({ method, url: '/app.js' })).statusCode, 404, method)
  }
})

t.test('no file stands in for a route', async t => {
  t.match((await service.get('/api/queues')).json(), { items: [] })
  t.match((await service.get('/docs')).body, /swagger/i)
  t.equal((await service.get('/upload')).statusCode, 405)
  t.equal((await service.get('/api/nothing')).json().code, 'ROUTE_NOT_FOUND')
})

t.test('serving files is no error in the log', async t => {
  await service.get('/')
  await service.get('/sub')

  t.strictSame(
    lines.filter(({ level }) => level > 30),
    []
  )
})
