import t from 'tap'
import { openLine } from '../../harness/line.ts'
import { openService } from '../../harness/service.ts'

const service = await openService(t)
const address = await service.listen()
const smuggled = 'GET /api/queues HTTP/1.1\r\nhost: localhost\r\n\r\n'
const post = 'POST /api/tasks/process HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'

t.test(
  'a body whose length could be read in two ways is refused, and nothing in it is taken for a request',
  async t => {
    const cases: [what: string, request: string][] = [
      ['a length and chunks', `${post}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
      ['two lengths', `${post}content-length: 4\r\ncontent-length: 5\r\n\r\n{"a"${smuggled}`],
      ['an encoding that is none', `${post}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
      ['more than one encoding', `${post}transfer-encoding: identity, chunked\r\n\r\n0\r\n\r\n${smuggled}`],
      [
        'two lines of encodings',
        `${post}transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n${smuggled}`
      ],
      ['chunks in HTTP/1.0', `${post.replace('1.1', '1.0')}transfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
      ['lines without CR', `${post.replaceAll('\r\n', '\n')}content-length: 4\n\n{"a"${smuggled}`],
      ['a chunk size without CR', `${post}transfer-encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n${smuggled}`],
      [
        'a long chunk extension',
        `${post}transfer-encoding: chunked\r\n\r\n2;x=${'x'.repeat(17 * 1024)}\r\n{}\r\n0\r\n\r\n${smuggled}`
      ],
      ['a folded header', `${post}x: a\r\n b\r\ncontent-length: 4\r\n\r\n{"a"${smuggled}`],
      ['a space before the colon', `${post}content-length : 4\r\n\r\n{"a"${smuggled}`]
    ]

    for (const [what, request] of cases) {
      const line = await openLine(t, address)
      await line.send(request)
      const { status, headers } = await line.answer()

      t.ok([400, 413].includes(status), `${what}: ${status}`)
      t.equal(headers.connection, 'close', what)
      await t.rejects(line.answer(), /ended without an answer/, `${what}: there is no second answer`)
    }
  }
)

t.test("names of JavaScript's own properties are names like any other", async t => {
  const line = await openLine(t, address)
  await line.send(
    'GET /api/tasks?__proto__=1&constructor=2 HTTP/1.1\r\nhost: localhost\r\n__proto__: x\r\nconstructor: y\r\n\r\n'
  )
  t.match(await line.answer(), { status: 400, body: /__proto__/ })
  const send = (payload: string) =>
    service.api.app.inject({
      method: 'POST',
      url: '/api/tasks',
      payload,
      headers: { 'content-type': 'application/json' }
    })

  t.equal((await send('{"task": "__proto__"}')).json().code, 'UNKNOWN_TASK')
  t.equal((await send('{"task": "constructor"}')).json().code, 'UNKNOWN_TASK')
  t.equal((await send('{"task": "add", "args": {"x": 1, "y": 2}, "queue": "toString"}')).json().code, 'UNKNOWN_QUEUE')
  t.equal((await send('{"task": "add", "args": {"x": 1, "y": 2, "__proto__": {"z": 1}}}')).statusCode, 400)
  const tagged = await send('{"task": "add", "args": {"x": 1, "y": 2}, "tags": ["__proto__", "constructor"]}')
  t.strictSame(tagged.json().tags, ['__proto__', 'constructor'])
  const form = `--x\r\ncontent-disposition: form-data; name="__proto__"\r\n\r\ny\r\n--x--\r\n`
  const response = await service.api.app.inject({
    method: 'POST',
    url: '/api/videos',
    payload: form,
    headers: { 'content-type': 'multipart/form-data; boundary=x' }
  })
  t.equal(response.statusCode, 400)
  t.equal(({} as any).z, undefined)
  t.equal(({} as any).y, undefined)
})

t.test('a content type is JSON or refused; no spelling of it bypasses the validation', async t => {
  const types = [
    ' application/json',
    '\tapplication/json',
    'application/json\ta',
    'application/json x',
    'APPLICATION/JSON',
    'application/json;charset=utf-16',
    'application/json; charset="utf-8"; x=y',
    'application/json;',
    'application/json, text/plain',
    'application/jsonx',
    'application/merge-patch+json',
    'text/json',
    ''
  ]

  for (const type of types) {
    const line = await openLine(t, address)
    await line.send(
      `POST /api/tasks HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: 20\r\n\r\n{"task":"add","x":1}`
    )
    const { status, body } = await line.answer()

    t.ok(status === 415 || (status === 400 && /"field":"x"/.test(body)), `${type}: ${status} ${body}`)
    line.hangUp()
  }
  t.strictSame(
    (await service.get('/api/tasks?task=add')).json().items.map(({ tags }: any) => tags),
    [['__proto__', 'constructor']]
  )
})
