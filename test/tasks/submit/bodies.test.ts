import { request } from 'node:http'
import t from 'tap'
import { openService } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'

const folder = await taskFolder(t, { 'echo.ts': taskModule('echo', 'return args') })
const service = await openService(t, { env: { TASKS_DIR: folder } })
const address = await service.api.listen()

const json = { 'content-type': 'application/json' }

/** Sends the bytes as they are: an HTTP library would have repaired them. */
async function send(body: string | Buffer, headers: Record<string, string> = json, url = '/api/tasks') {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; type: string; body: any }>()
  const sent = request(`${address}${url}`, { method: 'POST', headers }, response => {
    const chunks: Buffer[] = []
    response.on('data', chunk => chunks.push(chunk))
    response.on('end', () =>
      resolve({
        status: response.statusCode!,
        type: String(response.headers['content-type']),
        body: JSON.parse(Buffer.concat(chunks).toString())
      })
    )
  })
  sent.on('error', reject)
  sent.end(body)
  return promise
}

const nested = (depth: number) => `{"task":"echo","args":{"value":${'['.repeat(depth)}${']'.repeat(depth)}}}`

const notJson: [string, string | Buffer][] = [
  ['nothing', ''],
  ['white space', '  \n'],
  ['half an object', '{"task":"add","args":{"x":1'],
  ['a word', 'hello'],
  ['two values', '{}{}'],
  ['a NUL after it', '{}\0'],
  ['a raw control character in a text', '{"task":"process_data","args":{"data":"a\0b"}}'],
  ['bytes that are not UTF-8', Buffer.from([...Buffer.from('{"name":"'), 0xff, 0xfe, ...Buffer.from('"}')])],
  ['half a UTF-8 sequence', Buffer.from([...Buffer.from('{"name":"'), 0xe2, 0x82, ...Buffer.from('"}')])],
  ['a surrogate in UTF-8', Buffer.from([...Buffer.from('{"name":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')])],
  ['__proto__', '{"task":"add","args":{"x":1,"y":2},"__proto__":{"queue":"media"}}'],
  ['__proto__ further in', '{"task":"echo","args":{"value":{"__proto__":{"polluted":true}}}}'],
  ['constructor.prototype', '{"task":"echo","args":{"constructor":{"prototype":{"polluted":true}}}}']
]

for (const [what, body] of notJson) {
  t.test(`a body that is not JSON is refused as such: ${what}`, async t => {
    const answer = await send(body)

    t.equal(answer.status, 400)
    t.equal(answer.body.code, 'INVALID_JSON')
    t.match(answer.type, /^application\/problem\+json/)
  })
}

t.test('a body that is not JSON is refused with the place', async t => {
  t.match((await send('{"task":"add",}')).body.detail, /^The body is not JSON: .* at position 14/)
  t.match((await send('{"__proto__":{}}')).body.detail, /^The body is not JSON: it has "__proto__"/)
})

const unfit: [string, string, string | undefined][] = [
  ['a NUL in a name', '{"task":"add","args":{"x":1,"y":2},"name":"a\\u0000b"}', 'name'],
  ['a NUL in an argument', '{"task":"process_data","args":{"data":"a\\u0000"}}', 'args.data'],
  ['a NUL in the kind', '{"task":"a\\u0000dd"}', 'task'],
  ['a NUL in a key', '{"task":"echo","args":{"a\\u0000b":1}}', 'args'],
  ['half a surrogate pair', '{"task":"process_data","args":{"data":"\\ud83d"}}', 'args.data'],
  ['the halves of a pair the wrong way round', '{"task":"echo","args":{"value":["\\ude00\\ud83d"]}}', 'args.value[0]'],
  ['null', 'null', ''],
  ['a list', '[]', ''],
  ['a number', '7', ''],
  ['arguments that nest too deeply', nested(100_000), undefined],
  ['arguments that nest as deeply as a stack', nested(5_000), undefined]
]

for (const [what, body, field] of unfit) {
  t.test(`a body that Postgres cannot store is refused: ${what}`, async t => {
    const answer = await send(body)

    t.equal(answer.status, 400)
    t.equal(answer.body.code, 'INVALID_REQUEST')
    if (field !== undefined) t.equal(answer.body.errors[0].field, field)
  })
}

t.test('texts that only look alarming are kept as they are', async t => {
  const value = { backslash: '\\u0000', emoji: '😀', nested: JSON.parse('['.repeat(50) + ']'.repeat(50)), '': '' }

  const answer = await send(JSON.stringify({ task: 'echo', args: { value } }))

  t.equal(answer.status, 201)
  const task = (await service.get(`/api/tasks/${answer.body.id}`)).json()
  t.strictSame(task.args, { value })
})

t.test('a body of another type is refused', async t => {
  for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'nonsense']) {
    const answer = await send('{"task":"add","args":{"x":1,"y":2}}', { 'content-type': type })

    t.equal(answer.status, 415, type)
    t.equal(answer.body.code, 'UNSUPPORTED_MEDIA_TYPE', type)
  }
})

t.test('a submission without a body or a type names the missing fields', async t => {
  const answer = await send('', {})

  t.equal(answer.status, 400)
  t.equal(answer.body.code, 'INVALID_REQUEST')
})

t.test('a body of more than 32 MiB is refused', async t => {
  const answer = await send(Buffer.alloc(32 * 1024 * 1024 + 1, ' '))

  t.equal(answer.status, 413)
  t.equal(answer.body.code, 'BODY_TOO_LARGE')
})

t.test('after all of this the service still answers, and no prototype was polluted', async t => {
  const answer = await send('{"task":"add","args":{"x":1,"y":2}}')

  t.equal(answer.status, 201)
  t.equal(({} as { polluted?: boolean }).polluted, undefined)
})
