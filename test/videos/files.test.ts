import { readFile } from 'node:fs/promises'
import t from 'tap'
import { findMediaTools } from '#media/binaries.ts'
import { shoot } from '../harness/clip.ts'
import { openLine } from '../harness/line.ts'
import { film, skipWithoutMedia } from '../harness/media.ts'
import { quickFfmpeg } from '../harness/quick-ffmpeg.ts'
import { openService, type Service } from '../harness/service.ts'

// Bytes that show their place in the file.
const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251))

// Nobody processes its uploads.
const service = await openService(t)
const address = await service.listen()

const studio = await openService(t, {
  env: { WORKER_CONCURRENCY: '1', FFMPEG_PATH: await quickFfmpeg(t, (await findMediaTools()).ffmpeg) },
  worker: true
})
const { id: printed, task_id } = await studio.keep(await shoot(), 'film.mp4')
await studio.finished(task_id)

function head(service: Service, url: string, headers: Record<string, string> = {}) {
  return service.api.app.inject({ method: 'HEAD', url, headers })
}

t.test('a print is served with its type, length and tag', async t => {
  const response = await studio.get(`/api/videos/${printed}/files/180p.mp4`)

  t.equal(response.statusCode, 200)
  t.match(response.headers, {
    'content-type': 'video/mp4',
    'content-length': String(response.rawPayload.length),
    'accept-ranges': 'bytes',
    'x-content-type-options': 'nosniff',
    etag: /^(W\/)?".+"$/,
    'last-modified': /GMT$/,
    'cache-control': /no-cache/
  })
  t.equal(response.headers['content-disposition'], undefined, 'it plays where it is')
})

t.test('a range of a file is served', async t => {
  const { id } = await service.keep(bytes)
  const url = `/api/videos/${id}/files/original`
  const cases: [range: string, from: number, to: number][] = [
    ['bytes=0-0', 0, 0],
    ['bytes=0-99', 0, 99],
    ['bytes=500-', 500, 999],
    ['bytes=990-5000', 990, 999],
    ['bytes=-1', 999, 999],
    ['bytes=-100', 900, 999],
    ['bytes=-5000', 0, 999],
    ['bytes=999-999', 999, 999]
  ]

  for (const [range, from, to] of cases) {
    const response = await service.get(url, { range })

    t.equal(response.statusCode, 206, range)
    t.equal(response.headers['content-range'], `bytes ${from}-${to}/1000`, range)
    t.equal(response.headers['content-length'], String(to - from + 1), range)
    t.ok(response.rawPayload.equals(bytes.subarray(from, to + 1)), range)
  }
})

t.test('a range outside the file is refused, with the length of the file', async t => {
  const { id } = await service.keep(bytes)

  for (const range of ['bytes=1000-', 'bytes=5000-6000', 'bytes=-0']) {
    const response = await service.get(`/api/videos/${id}/files/original`, { range })

    t.equal(response.statusCode, 416, range)
    t.equal(response.headers['content-range'], 'bytes */1000', range)
    t.match(response.headers['content-type'], /^application\/problem\+json/)
    t.match(response.json(), { status: 416, code: 'RANGE_NOT_SATISFIABLE' }, range)
  }
})

t.test('an invalid range, or several ranges, are answered with the whole file', async t => {
  const { id } = await service.keep(bytes)

  for (const range of ['bytes=0-9,20-29', 'lines=1-2', 'bytes', '0-10']) {
    const response = await service.get(`/api/videos/${id}/files/original`, { range })

    t.equal(response.statusCode, 200, range)
    t.ok(response.rawPayload.equals(bytes), range)
  }
})

t.test('HEAD has the headers of GET, without the bytes', async t => {
  const { id } = await service.keep(bytes)
  const url = `/api/videos/${id}/files/original`

  const whole = await service.get(url)
  const response = await head(service, url)
  const missing = await head(service, `/api/videos/${id}/files/nothing`)

  t.equal(response.statusCode, 200)
  t.equal(response.rawPayload.length, 0)
  const { date: _, connection: __, 'x-request-id': ___, ...headers } = whole.headers
  t.match(response.headers, headers)
  t.equal(missing.statusCode, 404)
  const line = await openLine(t, address)
  await line.send(`HEAD ${url} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  const answer = await line.answer({ head: true })
  t.match(answer, { status: 200, headers: { 'content-length': '1000' } })
  await line.send('GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n')
  t.match(await line.answer(), { status: 200, body: '{"status":"live"}' }, 'and nothing comes after it')
})

t.test('a client with the current file gets a 304', async t => {
  const { id } = await service.keep(bytes)
  const url = `/api/videos/${id}/files/original`
  const { etag, 'last-modified': modified } = (await service.get(url)).headers
  const known: Record<string, string>[] = [
    { 'if-none-match': String(etag) },
    { 'if-none-match': `"other", ${etag}` },
    { 'if-none-match': '*' },
    { 'if-modified-since': String(modified) }
  ]

  for (const headers of known) {
    const response = await service.get(url, headers)

    t.equal(response.statusCode, 304, JSON.stringify(headers))
    t.equal(response.rawPayload.length, 0)
    t.equal(response.headers.etag, etag)
  }
  t.equal((await service.get(url, { 'if-none-match': '"other"' })).statusCode, 200)
  t.equal((await service.get(url, { 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' })).statusCode, 200)
})

t.test('a client resumes a download only if the file is still the same', async t => {
  const { id } = await service.keep(bytes)
  const url = `/api/videos/${id}/files/original`
  const { etag, 'last-modified': modified } = (await service.get(url)).headers
  const from = { range: 'bytes=500-' }

  t.equal((await service.get(url, { ...from, 'if-range': String(etag) })).statusCode, 206)
  t.equal((await service.get(url, { ...from, 'if-range': String(modified) })).statusCode, 206)
  for (const stale of ['"other"', 'W/"other"', 'Thu, 01 Jan 1970 00:00:00 GMT', 'garbage']) {
    const response = await service.get(url, { ...from, 'if-range': stale })
    t.equal(response.statusCode, 200, stale)
    t.ok(response.rawPayload.equals(bytes), stale)
  }
})

t.test('a condition that does not hold is refused as a problem', async t => {
  const { id } = await service.keep(bytes)

  const response = await service.get(`/api/videos/${id}/files/original`, { 'if-match': '"other"' })

  t.equal(response.statusCode, 412)
  t.match(response.headers['content-type'], /^application\/problem\+json/)
  t.match(response.json(), { status: 412, code: 'PRECONDITION_FAILED' })
})

t.test('an original is only ever downloaded, under the name that its owner gave it', async t => {
  const { id } = await service.keep('<html><script>alert(1)</script>', `"évil" \\ 100%; 🎬 'x'(*).html`)

  const response = await service.get(`/api/videos/${id}/files/original`)

  t.match(response.headers, {
    'content-type': 'application/octet-stream',
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff'
  })
  const disposition = String(response.headers['content-disposition'])
  const form = /^attachment; filename="([\x20-\x21\x23-\x5b\x5d-\x7e]*)"; filename\*=UTF-8''([\w!#$&+.^`|~%-]*)$/
  t.match(disposition, form)
  const [, plain, encoded] = form.exec(disposition)!
  t.ok(plain)
  t.equal(decodeURIComponent(encoded!), (await service.get(`/api/videos/${id}`)).json().filename)
})

t.test('an original has its own type once it is known to be a film', async t => {
  const response = await studio.get(`/api/videos/${printed}/files/original`)

  t.equal(response.headers['content-type'], 'video/mp4')
  t.match(response.headers['content-disposition'], /^attachment; filename="film\.mp4"/)
})

t.test('originals in other containers have their types too', { skip: skipWithoutMedia }, async t => {
  const cases = [
    ['vp8-512-noaudio.webm', 'video/webm'],
    ['animated-400x281.gif', 'image/gif'],
    ['cover-1400.mp3', 'audio/mpeg'],
    ['msmpeg4-wma.asf', 'application/octet-stream']
  ] as const

  for (const [name, type] of cases) {
    const { id, task_id } = await studio.keep(await readFile(film(name)), name)
    await studio.finished(task_id)

    const response = await studio.get(`/api/videos/${id}/files/original`)

    t.equal(response.headers['content-type'], type, name)
  }
})

t.test('no other file is served, whatever the path', async t => {
  const { id: other } = await studio.keep('another film')
  const prints = (await studio.files()).find(file => file.includes(printed) && file.endsWith('180p.mp4'))!
  const folder = prints.split('/').at(-2)
  const names = [
    '',
    'nothing',
    '480p.mp4',
    '180p',
    '180P.mp4',
    '180p.mp4.part',
    '180p.part.mp4',
    '180p.mp4%00',
    '180p.mp4%2f..',
    'original.mp4',
    'original%2f',
    '%2e%2e%2foriginal',
    `..%2f${other}%2foriginal`,
    `../${other}/original`,
    `..%2f..%2f..%2f..%2fetc%2fpasswd`,
    '..%5c..%5coriginal',
    '%2fetc%2fpasswd',
    '/etc/passwd',
    '//etc/passwd',
    `${folder}/180p.mp4`,
    `${folder}%2f180p.mp4`,
    `work-${other}-1`,
    '%c0%ae%c0%ae%2foriginal',
    '..%252f..%252foriginal',
    'constructor',
    '__proto__',
    'n'.repeat(1_900)
  ]

  for (const name of names) {
    const response = await studio.get(`/api/videos/${printed}/files/${name}`)

    t.ok([400, 404].includes(response.statusCode), `${name} ${response.statusCode}`)
    t.match(response.headers['content-type'], /^application\/problem\+json/, name)
    t.notMatch(response.body, /root:|another film/, name)
  }
})

t.test('the same traversals through a real connection, where no library tidies them up', async t => {
  const { id } = await service.keep('film')
  const { id: other } = await service.keep('another film')

  for (const target of [
    `/api/videos/${id}/files/../../${other}/files/original`,
    `/api/videos/${id}/files/../../../../../../etc/passwd`,
    `/api/videos/${id}/files/..\\..\\${other}\\original`,
    `/../../etc/passwd`,
    `/api/videos/../../../etc/passwd`,
    `//etc/passwd`,
    `file:///etc/passwd`,
    `http://elsewhere/etc/passwd`,
    `*`
  ]) {
    const line = await openLine(t, address)
    await line.send(`GET ${target} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    const { status, headers } = await line.answer()

    t.ok(status === 404 || status === 400, `${target} ${status}`)
    t.match(headers['content-type'], /^application\/problem\+json/, target)
    line.hangUp()
  }
})

t.test('a trailing slash does not matter', async t => {
  const { id } = await service.keep(bytes)

  t.ok((await service.get(`/api/videos/${id}/files/original/`)).rawPayload.equals(bytes))
})

t.test('the files of no video are not found', async t => {
  for (const id of ['01980000-0000-7000-8000-000000000000', 'garbage', '..']) {
    const response = await service.get(`/api/videos/${id}/files/original`)
    t.equal(response.statusCode, 404, id)
  }
})

t.test('prints that are to come, or are not made, are not found', async t => {
  const { id } = await service.keep(bytes)

  const response = await service.get(`/api/videos/${id}/files/480p.mp4`)

  t.match(response.json(), { status: 404, code: 'FILE_NOT_FOUND', detail: /480p\.mp4/ })
})
