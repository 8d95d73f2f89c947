import { gzipSync } from 'node:zlib'
import type { Response } from 'light-my-request'
import t from 'tap'
import * as errors from '../../src/errors.ts'
import { form } from '../harness/form.ts'
import { openLine } from '../harness/line.ts'
import { openService } from '../harness/service.ts'

const nobody = '01980000-0000-7000-8000-000000000000'

/** Every problem has the same fields, whatever it is about. */
function isProblem(
  t: Parameters<typeof openService>[0],
  response: Response,
  status: number,
  code: string,
  what: string
) {
  t.equal(response.statusCode, status, what)
  t.match(response.headers['content-type'], /^application\/problem\+json/, what)
  const { type, title, detail, ...problem } = response.json()
  t.match(problem, { status, code }, what)
  t.equal(type, 'about:blank', what)
  t.match([title, detail], [/^[A-Z]/, /\w/], what)
}

t.test('the catalogue of errors is consistent: clear, unique and each with a status', async t => {
  const all = Object.entries(errors).map(([name, Class]) => ({
    name,
    Class,
    error: new Class('Something is wrong', 'y')
  }))
  const codes = all.map(({ error }) => error.code)

  t.equal(new Set(codes).size, codes.length, 'no code means two things')
  for (const { name, error } of all) {
    t.match(error.code, /^[A-Z]+(_[A-Z]+)*$/, name)
    t.equal(error.code, name.replaceAll(/(?<=[a-z])([A-Z])/g, '_$1').toUpperCase(), `${name} is what it is called`)
    t.ok(error.statusCode! >= 400 && error.statusCode! < 600, name)
    t.match(error.message, /^[A-Z].{10,}/, name)
    t.notMatch(error.message, /%s|undefined/, name)
  }
})

t.test('every kind of mistake is answered with a problem', async t => {
  const service = await openService(t)
  const { id } = await service.keep('film')
  const inject = (method: string, url: string, payload?: string, type?: string) =>
    service.api.app.inject({
      method: method as 'GET',
      url,
      ...(payload !== undefined && { payload }),
      headers: type === undefined ? {} : { 'content-type': type }
    })
  const json = 'application/json'
  const cases: [method: string, url: string, payload: string | undefined, type: string | undefined, number, string][] =
    [
      ['GET', '/', undefined, undefined, 404, 'ROUTE_NOT_FOUND'],
      ['GET', '/nothing/here?x=1', undefined, undefined, 404, 'ROUTE_NOT_FOUND'],
      ['GET', '/api', undefined, undefined, 404, 'ROUTE_NOT_FOUND'],
      ['GET', '/API/VIDEOS', undefined, undefined, 404, 'ROUTE_NOT_FOUND'],
      ['PUT', `/api/videos/${id}`, '{}', json, 405, 'METHOD_NOT_ALLOWED'],
      ['DELETE', '/api/videos', undefined, undefined, 405, 'METHOD_NOT_ALLOWED'],
      ['GET', '/upload/', undefined, undefined, 405, 'METHOD_NOT_ALLOWED'],
      ['GET', `/api/videos/${nobody}`, undefined, undefined, 404, 'VIDEO_NOT_FOUND'],
      ['GET', '/api/videos/garbage', undefined, undefined, 404, 'VIDEO_NOT_FOUND'],
      ['GET', `/api/videos/${id}0`, undefined, undefined, 404, 'VIDEO_NOT_FOUND'],
      ['GET', '/api/videos/%00', undefined, undefined, 404, 'VIDEO_NOT_FOUND'],
      ['GET', `/api/videos/${nobody}/status`, undefined, undefined, 404, 'VIDEO_NOT_FOUND'],
      ['GET', `/api/videos/${id}/files/x`, undefined, undefined, 404, 'FILE_NOT_FOUND'],
      ['GET', `/api/tasks/${nobody}`, undefined, undefined, 404, 'TASK_NOT_FOUND'],
      ['GET', '/api/tasks/garbage', undefined, undefined, 404, 'TASK_NOT_FOUND'],
      ['GET', '/task-status/garbage/', undefined, undefined, 404, 'TASK_NOT_FOUND'],
      ['POST', '/api/tasks/garbage/cancel', undefined, undefined, 404, 'TASK_NOT_FOUND'],
      ['POST', '/api/tasks', '{', json, 400, 'INVALID_JSON'],
      ['POST', '/api/tasks', '', json, 400, 'INVALID_JSON'],
      ['POST', '/api/tasks', 'not json', json, 400, 'INVALID_JSON'],
      ['POST', '/api/tasks', '{"__proto__": {"x": 1}}', json, 400, 'INVALID_JSON'],
      ['POST', '/api/tasks', '[]', json, 400, 'INVALID_REQUEST'],
      ['POST', '/api/tasks', 'null', json, 400, 'INVALID_REQUEST'],
      ['POST', '/api/tasks', '5', json, 400, 'INVALID_REQUEST'],
      ['POST', '/api/tasks', '{"name": "\\u0000"}', json, 400, 'INVALID_REQUEST'],
      ['POST', '/api/tasks', '{"name": "\\ud800"}', json, 400, 'INVALID_REQUEST'],
      ['POST', '/api/tasks', '{"task": "nope"}', json, 400, 'UNKNOWN_TASK'],
      ['POST', '/api/tasks', '{"args": {"data": "x"}, "queue": "nope"}', json, 400, 'UNKNOWN_QUEUE'],
      ['POST', '/api/tasks', '{}', 'text/plain', 415, 'UNSUPPORTED_MEDIA_TYPE'],
      ['POST', '/api/tasks', '<x/>', 'application/xml', 415, 'UNSUPPORTED_MEDIA_TYPE'],
      ['POST', '/api/tasks', 'a=b', 'application/x-www-form-urlencoded', 415, 'UNSUPPORTED_MEDIA_TYPE'],
      ['POST', '/api/tasks', '{}', 'garbage', 415, 'UNSUPPORTED_MEDIA_TYPE'],
      ['POST', '/api/tasks', '--x--', 'multipart/form-data; boundary=x', 415, 'UNSUPPORTED_MEDIA_TYPE'],
      ['POST', '/process-video/', '--x--', 'multipart/form-data; boundary=x', 415, 'UNSUPPORTED_MEDIA_TYPE'],
      ['POST', `/api/videos/${id}/process`, '--x--', 'multipart/form-data; boundary=x', 415, 'UNSUPPORTED_MEDIA_TYPE'],
      ['POST', '/api/videos', '{}', json, 415, 'UPLOAD_NOT_MULTIPART'],
      ['GET', '/api/videos?limit=x', undefined, undefined, 400, 'INVALID_REQUEST'],
      ['GET', '/api/videos?cursor=x', undefined, undefined, 400, 'INVALID_CURSOR'],
      ['GET', '/api/tasks?q=%00', undefined, undefined, 400, 'INVALID_REQUEST'],
      ['GET', '/%', undefined, undefined, 404, 'ROUTE_NOT_FOUND']
    ]

  for (const [method, url, payload, type, status, code] of cases) {
    const response = await inject(method, url, payload, type)
    isProblem(t, response, status, code, `${method} ${url} ${payload ?? ''}`)
  }
})

t.test('a malformed id is not found, like an unknown one', async t => {
  const service = await openService(t)
  const { id } = await service.keep('film')
  const inject = (method: string, url: string) => service.api.app.inject({ method: method as 'GET', url })

  for (const garbage of ['%ff', '%zz', '%', '%2', '%E0%A4%A', `${id}%ff`, '%2f%ff', '%25%']) {
    const cases: [method: string, url: string, code: string][] = [
      ['GET', `/api/tasks/${garbage}`, 'TASK_NOT_FOUND'],
      ['GET', `/api/tasks/${garbage}/?wait=1`, 'TASK_NOT_FOUND'],
      ['GET', `/api/tasks/${garbage}/events`, 'TASK_NOT_FOUND'],
      ['POST', `/api/tasks/${garbage}/cancel`, 'TASK_NOT_FOUND'],
      ['GET', `/task-status/${garbage}/`, 'TASK_NOT_FOUND'],
      ['GET', `/api/videos/${garbage}`, 'VIDEO_NOT_FOUND'],
      ['DELETE', `/api/videos/${garbage}`, 'VIDEO_NOT_FOUND'],
      ['GET', `/status/${garbage}`, 'VIDEO_NOT_FOUND'],
      ['GET', `/api/videos/${id}/files/${garbage}`, 'FILE_NOT_FOUND'],
      ['POST', `/api/workers/${garbage}/shutdown`, 'WORKER_NOT_FOUND'],
      ['POST', `/api/queues/${garbage}/pause`, 'QUEUE_NOT_FOUND'],
      ['GET', `/api/${garbage}`, 'ROUTE_NOT_FOUND']
    ]
    for (const [method, url, code] of cases) {
      const response = await inject(method, url)
      isProblem(t, response, 404, code, `${method} ${url}`)
    }
  }
  const named = (url: string) => inject('GET', url).then(response => response.json().detail)
  t.equal(await named('/api/tasks/%ff%41'), 'There is no task with the id "%ff%41"', 'which is said as it came')
  t.equal(await named('/%ff'), 'There is nothing at GET /%ff')
  t.equal((await service.get(`/api/videos/%${id.charCodeAt(0).toString(16)}${id.slice(1)}?x=%ff`)).statusCode, 200)
})

t.test('a body that is invalid names each invalid field', async t => {
  const service = await openService(t)

  const response = await service.post('/api/tasks', {
    task: 'add',
    priority: 12,
    countdown: 'soon',
    tags: ['ok', 5],
    colour: 'red'
  })

  t.equal(response.statusCode, 400)
  const { errors: problems, detail } = response.json()
  t.strictSame(problems.map(({ field }: any) => field).sort(), ['colour', 'countdown', 'priority', 'tags[1]'])
  for (const { field, message } of problems) {
    t.match(message, /\w/, field)
    t.ok(detail.includes(field), `${field} is in the sentence too`)
  }
})

t.test('a body with very many mistakes names only the first ones', async t => {
  const service = await openService(t)
  const body = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`field_${index}`, index]))

  const { errors: problems, detail } = (await service.post('/api/tasks', body)).json()

  t.equal(problems.length, 20)
  t.ok(detail.length < 1_100)
})

t.test('a body that is too large is refused before it is read', async t => {
  const service = await openService(t)
  const line = await openLine(t, await service.listen())

  await line.send(
    'POST /api/tasks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 999999999\r\n\r\n{"a'
  )
  const { status, headers, body } = await line.answer()

  t.equal(status, 413)
  t.match(headers['content-type'], /^application\/problem\+json/)
  t.match(JSON.parse(body), { status: 413, code: 'BODY_TOO_LARGE' })
})

t.test('a compressed body is refused, not read as if it were plain', async t => {
  const service = await openService(t)
  const film = form([{ filename: 'film.mp4', content: 'film' }])
  const sum = JSON.stringify({ task: 'add', args: { x: 1, y: 2 } })
  const send = (url: string, payload: string | Buffer, headers: Record<string, string>, encoding: string) =>
    service.api.app.inject({ method: 'POST', url, payload, headers: { ...headers, 'content-encoding': encoding } })
  const json = { 'content-type': 'application/json' }

  for (const encoding of ['gzip', 'GZIP', 'br', 'deflate', 'zstd', 'gzip, identity', 'garbage']) {
    const refused = [
      await send('/api/tasks', gzipSync(sum), json, encoding),
      await send('/api/tasks', sum, json, encoding),
      await send('/api/tasks/bulk', gzipSync(`{"tasks": [${sum}]}`), json, encoding),
      await send('/api/videos', gzipSync(film.payload), film.headers, encoding),
      await send('/upload/', film.payload, film.headers, encoding)
    ]
    for (const response of refused) {
      isProblem(t, response, 415, 'UNSUPPORTED_ENCODING', encoding)
      t.ok(response.json().detail.includes(`"${encoding}"`))
    }
  }
  isProblem(t, await send('/nowhere', sum, json, 'gzip'), 404, 'ROUTE_NOT_FOUND', 'there is nothing to read it')
  t.equal((await service.get('/api/tasks', { 'content-encoding': 'gzip' })).statusCode, 200, 'there is no body')
  t.strictSame(await service.files(), [])
  for (const encoding of ['identity', 'Identity', '']) {
    t.equal((await send('/api/tasks', sum, json, encoding)).statusCode, 201, encoding)
    t.equal((await send('/api/videos', film.payload, film.headers, encoding)).statusCode, 201, encoding)
  }
})

t.test('a very long id is not found', async t => {
  const service = await openService(t)

  for (const length of [36, 500, 1_999, 2_001, 5_000]) {
    const response = await service.get(`/api/videos/${'f'.repeat(length)}`)
    isProblem(t, response, 404, 'VIDEO_NOT_FOUND', `${length}`)
  }
})

t.test('the cause of an internal error goes to the log alone', async t => {
  const service = await openService(t)
  await service.db.pool.query('alter table darkroom.videos rename to hidden')

  const response = await service.get('/api/videos')

  isProblem(t, response, 500, 'INTERNAL', 'a table is missing')
  t.notMatch(response.body, /relation|select|darkroom\.|stack|\.ts/)
  const [id] = /[0-9a-f-]{36}/.exec(response.json().detail) ?? []
  t.ok(id, 'the sentence has the id under which the log has it')
  t.not((await service.get('/api/videos')).json().detail, response.json().detail, 'which is another one each time')
})

t.test('the problem of a field says what the field may be', async t => {
  const service = await openService(t)
  const words = async (url: string, body?: object) => {
    const response = await (body ? service.post(url, body) : service.get(url))
    t.equal(response.statusCode, 400)
    return response.json().errors[0].message
  }
  const add = { task: 'add', args: { x: 1, y: 2 } }
  const time = 'a time with its offset, such as 2030-01-31T09:00:00Z'

  t.equal(await words('/api/tasks?state=done'), 'must be one of PENDING, STARTED, RETRY, SUCCESS, FAILURE, REVOKED')
  t.equal(await words('/api/tasks?created_after=2030-01-01'), `must be ${time}`)
  t.equal(await words('/api/tasks', { ...add, eta: 'tomorrow' }), `must be ${time}`)
  t.equal(await words('/api/tasks', { ...add, expires: 'soon' }), `must be number or ${time}`)
  t.equal(await words('/api/tasks', { task: 'process_video', args: { video_id: 'film' } }), 'must be a uuid')
})
