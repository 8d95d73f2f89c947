import { connect } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { tokenFor } from '../../../src/videos/playback/token.ts'
import { shoot } from '../../harness/clip.ts'
import { quickFfmpeg } from '../../harness/quick-ffmpeg.ts'
import { openService } from '../../harness/service.ts'
import { slowFfmpeg } from '../../harness/slow-ffmpeg.ts'
import { until } from '../../harness/until.ts'

const lines: { url?: string }[] = []
const FFMPEG_PATH = await quickFfmpeg(t, process.env.FFMPEG_PATH || 'ffmpeg')
const service = await openService(t, { env: { FFMPEG_PATH }, worker: true, hear: line => lines.push(line) })
const address = await service.listen()
const film = await shoot({ size: '854x480', seconds: 3 })
const { id, task_id } = await service.keep(film, 'holiday "1".mov')
const other = await service.keep(film)
await Promise.all([task_id, other.task_id].map(each => service.finished(each)))

const links = async (body?: object, video = id) => (await service.post(`/api/videos/${video}/playback`, body)).json()
const code = async (url: string, headers?: Record<string, string>) => {
  const response = await service.get(url, headers)
  return response.statusCode < 400 ? response.statusCode : response.json().code
}
const quarter = 15 * 60_000
const minutesAgo = (minutes: number) => Math.floor(Date.now() / 60_000) - minutes

/** A link of an app that signs by itself, with any expiry. */
async function signer(name: string) {
  const { kid, key } = (await service.post('/api/signing-keys', { name })).json()
  const link = (exp: number, { grant = 's' as 's' | 'd' | 'o', video = id, epoch = 0 } = {}) =>
    `/play/${tokenFor(key, { kid, exp, grant, video, epoch })}/${video}`
  return { kid, key, link }
}
const app = await signer('app')
const soon = () => minutesAgo(-10)

t.test('links to a film play without a key, and have what a cache and other sites need', async t => {
  const asked = Date.now()
  const made = await links({ seconds: 3600 })
  const below = new RegExp(`^/play/0\\.\\d+\\.s\\.[\\w-]{22}/${id}/`)
  t.match(made, {
    url: /480p\.mp4$/,
    hls_url: /hls\/master\.m3u8$/,
    poster_url: /poster\.jpg$/,
    storyboard_url: /storyboard\.vtt$/
  })
  for (const name of ['url', 'hls_url', 'poster_url', 'storyboard_url']) t.match(made[name], below)
  const expires = Date.parse(made.expires_at)
  t.equal(expires % quarter, 0)
  t.ok(expires >= asked + 3_600_000 && expires < Date.now() + 3_600_000 + quarter)
  // A quarter of an hour may end between two requests.
  const areAlike = async () => isDeepStrictEqual(await links({ seconds: 3600 }), await links({ seconds: 3600 }))
  t.ok(await until(areAlike, 'all viewers have the same one'))
  t.ok(Date.parse((await links()).expires_at) >= asked + 6 * 3_600_000, 'six hours, if nothing is said')

  const print = await service.get(made.url)
  t.equal(print.statusCode, 200)
  t.match(print.headers, {
    'content-type': 'video/mp4',
    'cache-control': 'public, max-age=3600',
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'accept-ranges': 'bytes',
    etag: /^"/
  })
  t.equal(print.headers['content-disposition'], undefined)
  const part = await service.get(made.url, { range: 'bytes=10-19', 'sec-fetch-site': 'cross-site' })
  t.strictSame([part.statusCode, part.rawPayload], [206, print.rawPayload.subarray(10, 20)])
  t.match((await service.get(made.hls_url)).headers, { 'cache-control': 'public, max-age=60' })
  t.match((await service.get(`${app.link(soon())}/poster.jpg`)).headers['cache-control'], /^public, max-age=[56]\d\d$/)
  const preflight = await service.api.app.inject({
    method: 'OPTIONS',
    url: made.url,
    headers: { origin: 'https://app.example', 'access-control-request-method': 'GET' }
  })
  t.match(preflight, { statusCode: 204, headers: { 'access-control-allow-origin': '*' } })
})

t.test('what a playlist names lies below the same token', async t => {
  const { hls_url } = await links()
  const read = async (url: string) => {
    const { body } = await service.get(url)
    const names = [...body.matchAll(/URI="([^"]+)"/g)].map(([, uri]) => uri!)
    return [...names, ...body.split('\n').filter(line => line !== '' && !line.startsWith('#'))].map(uri => {
      t.notMatch(uri, /^\/|[?:]|\.\./)
      return new URL(uri, `http://x${url}`).pathname
    })
  }
  const rungs = await read(hls_url)
  const files = (await Promise.all(rungs.map(read))).flat()
  t.ok(files.length > 2)
  for (const file of files) t.equal(await code(file), 200, file)
  const { storyboard_url } = await links()
  const sheet = /storyboard-\d+\.jpg/.exec((await service.get(storyboard_url)).body)![0]
  t.equal(await code(new URL(sheet, `http://x${storyboard_url}`).pathname), 200)
})

t.test('a link that was changed is denied, whatever it names', async t => {
  const { url, hls_url } = await links()
  const [, , token = '', , name] = url.split('/')
  const [kid, exp, grant, mac] = token.split('.')
  const unknown = '01980000-0000-7000-8000-000000000000'
  for (const wrong of [
    `/play/${kid}.${Number(exp) + 15}.${grant}.${mac}/${id}/${name}`,
    `/play/${kid}.${exp}.o.${mac}/${id}/original`,
    `/play/pMbBwz2RkV.${exp}.${grant}.${mac}/${id}/${name}`,
    `/play/${kid}.${exp}.${grant}.${mac!.slice(0, -1)}/${id}/${name}`,
    `/play/${token}/${other.id}/${name}`,
    `/play/${token}/${unknown}/${name}`,
    `/play/x/${id}/${name}`,
    `/play/${token}/x/${name}`,
    `/play/${token}/${id}/original`,
    `${app.link(minutesAgo(-60 * 24 * 8))}/${name}`
  ]) {
    t.equal(await code(wrong), 'PLAYBACK_DENIED', wrong)
  }
  const denied = await service.get(`/play/x/${id}/${name}`)
  t.match(denied.headers, { 'access-control-allow-origin': '*', 'cache-control': 'no-store' })
  t.equal(await code(hls_url.replace('master', 'other')), 'FILE_NOT_FOUND')
  t.equal(
    await code(`${app.link(soon(), { video: unknown })}/480p.mp4`),
    'VIDEO_NOT_FOUND',
    'only a right link says so'
  )
  t.equal(await code(url.replace(id, id.toUpperCase())), 200)
})

t.test('no spelling of a path leads out of the film', async t => {
  const { url } = await links()
  const [, , token] = url.split('/')
  const raw = (path: string) =>
    new Promise<string>((resolve, reject) => {
      let text = ''
      const { hostname, port } = new URL(address)
      const socket = connect({ host: hostname, port: Number(port) }, () =>
        socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\n\r\n`)
      )
      socket.on('data', chunk => (text += chunk)).on('error', reject)
      socket.on('close', () => resolve(text.split('\r\n')[0]!))
    })
  for (const name of [
    `../${other.id}/480p.mp4`,
    `%2e%2e/${other.id}/480p.mp4`,
    `..%2f${other.id}%2f480p.mp4`,
    `/480p.mp4`,
    `hls/../480p.mp4`,
    `hls/%2e%2e/%2e%2e/original`,
    `480p.mp4%00`,
    `480p.mp4%00.jpg`,
    `..\\original`,
    '%2e%2e%2f%2e%2e%2fsecret.key',
    'original',
    '%6Friginal'
  ]) {
    t.match(await raw(`/play/${token}/${id}/${name}`), /^HTTP\/1\.1 40[034]/, name)
  }
  t.match(await raw(`/play/${token}/${id}/480p.mp4`), /200/)
})

t.test('after its expiry a link begins nothing, but finishes what has begun', async t => {
  const master = await service.get(`${app.link(soon())}/hls/master.m3u8`)
  const rung = /^\S+index\.m3u8$/m.exec(master.body)![0]
  const segment = /^\S+\.m4s$/m.exec((await service.get(`${app.link(soon())}/hls/${rung}`)).body)![0]
  const names = ['hls/master.m3u8', `hls/${rung}`, `hls/480p/${segment}`, '480p.mp4', 'poster.jpg']
  const seen = (minutes: number) => Promise.all(names.map(name => code(`${app.link(minutesAgo(minutes))}/${name}`)))
  const late = 'PLAYBACK_EXPIRED'

  t.strictSame(await seen(-2), [200, 200, 200, 200, 200])
  t.strictSame(await seen(3), [late, 200, 200, late, late])
  t.strictSame(await seen(50), [late, 200, 200, late, late])
  t.strictSame(await seen(63), [late, late, late, late, late])

  const print = `${app.link(minutesAgo(3))}/480p.mp4`
  t.equal(await code(print, { range: 'bytes=100-' }), 206)
  t.equal(await code(print, { range: 'bytes=0-' }), late)
  t.equal(await code(print, { range: 'bytes=-100' }), late)
  t.equal(await code(print, { range: 'bytes=100-', 'if-range': '"another"' }), late, 'it would be the whole file')
  t.equal(await code(`${app.link(minutesAgo(63))}/480p.mp4`, { range: 'bytes=100-' }), late)
})

t.test('grants: prints to save, and the original', async t => {
  const saved = await links({ grant: 'download' })
  t.match(saved, { url: /\.d\..*480p\.mp4$/, hls_url: null, poster_url: null, storyboard_url: null })
  const print = await service.get(saved.url)
  t.equal(print.statusCode, 200)
  t.match(print.headers['content-disposition'], /^attachment; filename="holiday _1_-480p\.mp4"/)
  for (const name of ['original', 'poster.jpg', 'hls/master.m3u8']) {
    t.equal(await code(saved.url.replace('480p.mp4', name)), 'PLAYBACK_DENIED', name)
  }

  const whole = await links({ grant: 'original' })
  const original = await service.get(whole.url)
  t.ok(original.rawPayload.equals(film))
  t.match(original.headers, { 'content-disposition': /^attachment/, 'content-security-policy': /sandbox/ })
  t.equal(await code(whole.url.replace('original', '480p.mp4')), 'PLAYBACK_DENIED')

  for (const body of [{ seconds: 59 }, { seconds: 604_801 }, { grant: 'all' }, { secs: 60 }]) {
    t.equal((await service.post(`/api/videos/${id}/playback`, body)).statusCode, 400)
  }
  t.equal((await service.post('/api/videos/x/playback')).statusCode, 404)
  t.equal((await service.post('/api/videos/x/playback/revoke')).statusCode, 404)
})

t.test('links end with a revocation, with their key and with their film, whatever has begun', async t => {
  const begun = { range: 'bytes=100-' }
  const { url } = await links({}, other.id)
  const second = await signer('second')
  const [ours, theirs] = [app, second].map(each => `${each.link(soon(), { video: other.id })}/480p.mp4`) as [
    string,
    string
  ]
  t.strictSame(await Promise.all([url, ours, theirs].map(each => code(each, begun))), [206, 206, 206])

  t.equal((await service.delete(`/api/signing-keys/${second.kid}`)).statusCode, 204)
  t.equal(await code(theirs, begun), 'PLAYBACK_DENIED')
  t.equal(await code(ours, begun), 206)
  t.equal((await service.delete(`/api/signing-keys/${second.kid}`)).json().code, 'SIGNING_KEY_NOT_FOUND')

  t.strictSame((await service.post(`/api/videos/${other.id}/playback/revoke`)).json(), { playback_epoch: 1 })
  t.equal((await service.get(`/api/videos/${other.id}`)).json().playback_epoch, 1)
  for (const each of [url, ours]) t.equal(await code(each, begun), 'PLAYBACK_DENIED')
  const again = await links({}, other.id)
  t.equal(await code(again.url), 200)
  t.equal(await code(`${app.link(soon(), { video: other.id, epoch: 1 })}/480p.mp4`), 200)

  await service.delete(`/api/videos/${other.id}`)
  t.equal(await code(again.url, begun), 'PLAYBACK_DENIED', 'the film is not there to say what it was signed with')
  const gone = app.link(soon(), { video: other.id })
  t.equal(await code(`${gone}/480p.mp4`, begun), 'VIDEO_NOT_FOUND')
})

t.test('a signing key is shown once', async t => {
  const key = { 'idempotency-key': 'shop' }
  const first = await service.post('/api/signing-keys', { name: 'shop' }, key)
  t.match(first, { statusCode: 201 })
  t.match(first.json(), { kid: /^\w{10}$/, name: 'shop', key: /^dr_g_\w{10}_\w{49}$/, retired_at: null })
  const again = await service.post('/api/signing-keys', { name: 'shop' }, key)
  t.strictSame(again.json(), first.json())
  t.match(again.headers, { 'idempotency-replayed': 'true' })

  const { items } = (await service.get('/api/signing-keys')).json()
  t.equal(items[0].kid, first.json().kid)
  t.notMatch(JSON.stringify(items), /dr_g_/)
  const { rows } = await service.db.pool.query(
    `select (select jsonb_agg(to_jsonb(k)) from darkroom.signing_keys k)::text
      || (select jsonb_agg(to_jsonb(i)) from darkroom.idempotency_keys i)::text as kept`
  )
  t.notMatch(rows[0].kept, first.json().key.split('_')[3])
})

t.test('logs have the kid and the film of a link, and nothing that plays it', async t => {
  const { url } = await links()
  const [, , token = ''] = url.split('/')
  const mac = token.split('.')[3]!
  lines.length = 0
  await service.get(url)
  await service.get(url.replace('/play/', '/%70lay/'))
  await service.get(`${url}?x=1`)
  await service.get(`/nowhere${url}`)
  await service.get(url.replace('.s.', '.d.'))
  await until(() => lines.length === 5, 'each has its line')
  t.equal(lines[0]!.url, `/play/0…/${id}/…`)
  t.notMatch(JSON.stringify(lines), mac)
})

t.test('a film can be played by a link while it is being made', async t => {
  const studio = await openService(t)
  await studio.startWorker(await slowFfmpeg(t))
  const { id, task_id } = await studio.keep(await shoot({ size: '854x480', seconds: 10 }))
  const ask = async () => (await studio.post(`/api/videos/${id}/playback`)).json()
  t.match(await ask(), { url: null, hls_url: null, poster_url: null, expires_at: String })
  await studio.until(task_id, ({ progress_detail }: any) => progress_detail?.hls)
  const { url, hls_url } = await ask()
  t.equal(url, null)
  const master = await studio.get(hls_url)
  t.match(master, { statusCode: 200, headers: { 'cache-control': 'no-store' } })
})
