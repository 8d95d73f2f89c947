import t from 'tap'
import { openLine } from '../../harness/line.ts'
import { openService } from '../../harness/service.ts'

const api = 'films.example'
const media = 'media.example'
const service = await openService(t, {
  env: { PUBLIC_URL: `https://${api}`, MEDIA_URL: `https://${media}:8443/films` }
})
const address = await service.listen()
const { id } = await service.keep('no film')
const playback = (body?: object) => service.post(`/api/videos/${id}/playback`, body, { host: api })

async function send(host: string, target: string, more = '', method = 'GET') {
  const line = await openLine(t, address)
  await line.send(`${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n${more}connection: close\r\n\r\n`)
  const { status, headers, body } = await line.answer()
  line.hangUp()
  return { status, headers, body, code: status >= 400 ? JSON.parse(body).code : undefined }
}

t.test('links lead to the host of films, and play there alone', async t => {
  const { url } = (await playback({ grant: 'original' })).json()
  t.match(url, new RegExp(`^https://${media}:8443/films/play/`))
  const path = url.slice(`https://${media}:8443/films`.length)

  for (const host of [media, 'MEDIA.example.', `${media}:8443`]) {
    const { status, body, headers } = await send(host, path)
    t.match([status, body, headers['access-control-allow-origin']], [200, 'no film', '*'], host)
  }
  t.equal((await send(media, path, '', 'OPTIONS')).status, 204)
  for (const host of [api, '127.0.0.1', 'localhost:8000', '[::1]']) {
    const { status, code, body } = await send(host, path)
    t.match([status, code], [404, 'ROUTE_NOT_FOUND'], host)
    t.notMatch(body, path.split('/')[2]!, 'which does not repeat what plays it')
  }
})

t.test('that host answers nothing else', async t => {
  for (const target of [
    '/',
    '/api/tasks',
    '/api/tasks/',
    `/api/videos/${id}`,
    '/health/live',
    '/metrics',
    '/ui',
    '/docs',
    '/nowhere'
  ]) {
    t.match(await send(media, target), { status: 404, code: 'ROUTE_NOT_FOUND' }, target)
  }
  t.equal((await send(media, '/api/tasks/process', 'content-length: 0\r\n', 'POST')).status, 404)
  const upgrade = 'upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
  t.equal((await send(media, '/ws/tasks', upgrade)).status, 404, 'a WebSocket')
  t.equal((await send(api, '/health/live')).status, 200)
  t.equal((await send('evil.example', '/play/x/y/z')).status, 421)
})

t.test('files of a public film are served there, too, and no others', async t => {
  const file = `/api/videos/${id}/files/poster.jpg`
  t.match(await send(media, file), { status: 404, code: 'VIDEO_NOT_FOUND' })
  await service.db.pool.query('select ops.set_playback($1, $2)', [id, 'public'])

  t.match(await send(media, file), { status: 404, code: 'FILE_NOT_FOUND' })
  t.match(await send(api, file), { status: 404, code: 'FILE_NOT_FOUND' })
  t.match(await send(media, `/api/videos/${id}/files/original`), { status: 404, code: 'ROUTE_NOT_FOUND' })
})
