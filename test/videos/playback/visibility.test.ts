import t from 'tap'
import { openKeys } from '../../harness/keys.ts'
import { openService, type Service } from '../../harness/service.ts'

/** What a viewer without a key gets of a film that has no such file yet: a 404 tells that a key is not needed. */
const asViewer = async ({ get }: Service, id: string, name = 'poster.jpg') =>
  (await get(`/api/videos/${id}/files/${name}`)).statusCode

t.test('a film says for whom it is, whatever PLAYBACK says', async t => {
  const service = await openService(t)
  const { app } = service.api
  const { id } = await service.keep('no film')
  const keys = await openKeys(service)
  const change = (payload: unknown, headers = keys.admin.with, film = id) =>
    app.inject({ method: 'PATCH', url: `/api/videos/${film}`, payload: payload as object, headers })
  t.equal(await asViewer(service, id), 401)

  t.match((await change({ playback: 'public' })).json(), { id, playback: 'public' })
  t.equal(await asViewer(service, id), 404)
  t.equal(await asViewer(service, id, 'hls/master.m3u8'), 404)
  t.equal(await asViewer(service, id, 'original'), 401, 'the original needs a key always')
  t.equal((await service.get(`/api/videos/${id}`)).statusCode, 401, 'and so do facts about it')
  const player = await keys.make({ preset: 'player' })
  const own = await keys.make({ name: 'own', scopes: ['read', 'operate'], limits: { own: true } })
  for (const { with: headers } of [player, own]) {
    const { statusCode, json } = await service.get(`/api/videos/${id}/files/poster.jpg`, headers)
    t.match([statusCode, json().code], [404, 'FILE_NOT_FOUND'], 'it is for keys that may not read, too')
  }

  t.match((await change({ playback: null })).json(), { playback: null })
  t.equal(await asViewer(service, id), 401)
  t.equal((await change({ playback: 'public' }, own.with)).statusCode, 404, "no other key's film is changed")
  t.equal((await change({ playback: 'public' }, player.with)).statusCode, 403)
  for (const body of [{ playback: 'secret' }, { playback: 'public', filename: 'b' }, {}, null]) {
    t.equal((await change(body)).statusCode, 400, JSON.stringify(body))
  }
  for (const unknown of ['x', '01980000-0000-7000-8000-000000000000']) {
    t.equal((await change({ playback: null }, keys.admin.with, unknown)).statusCode, 404)
  }

  const { rows } = await service.db.pool.query('select playback from ops.set_playback($1, $2)', [id, 'public'])
  t.strictSame(rows, [{ playback: 'public' }])
  t.equal(await asViewer(service, id), 404)
  await t.rejects(service.db.pool.query(`select ops.set_playback($1, 'no')`, [id]), { code: 'DR400' })
  await t.rejects(service.db.pool.query('select ops.set_playback(gen_random_uuid())'), { code: 'DR404' })
  const { items } = (await service.get('/api/audit?action=video.change', keys.admin.with)).json()
  t.match(items, [
    { actor: { kind: 'sql' }, target: { type: 'video', id }, detail: { playback: 'public' } },
    { actor: { name: 'root' }, detail: { playback: null } },
    { actor: { name: 'root' }, target: { id }, detail: { playback: 'public' } }
  ])
})

t.test('an upload says it, too, and a film can be kept back where all others are public', async t => {
  const service = await openService(t, { env: { PLAYBACK: 'public' } })
  const { app } = service.api
  const { id: usual } = await service.keep('no film')
  const fields = (playback: string) => [
    { name: 'playback', content: playback },
    { filename: 'a.mp4', content: 'no' }
  ]
  const signed = (await service.upload(fields('signed'))).json().id
  t.match((await service.upload(fields('secret'))).json(), { code: 'INVALID_REQUEST', errors: [{ field: 'playback' }] })
  const tus = (playback: string) =>
    app.inject({
      method: 'POST',
      url: '/api/uploads',
      headers: {
        'tus-resumable': '1.0.0',
        'upload-length': '2',
        'content-type': 'application/offset+octet-stream',
        'upload-metadata': `filename YQ==,playback ${Buffer.from(playback).toString('base64')}`
      },
      payload: 'no'
    })
  t.equal((await tus('secret')).statusCode, 400)
  const resumable = (await service.get((await tus('signed')).headers.location!)).json().video_id
  await openKeys(service)

  t.equal(await asViewer(service, usual), 404)
  t.equal(await asViewer(service, signed), 401)
  t.equal(await asViewer(service, resumable), 401)
})
