import { subscribe } from 'node:diagnostics_channel'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { metrics } from '../../src/stats/metrics.ts'
import { tokenFor } from '../../src/videos/playback/token.ts'
import { byHand } from '../harness/by-hand.ts'
import { shoot } from '../harness/clip.ts'
import { borrowDatabase } from '../harness/database.ts'
import { form } from '../harness/form.ts'
import { type Operation, readDocument } from '../harness/openapi.ts'
import { openProxy } from '../harness/proxy.ts'
import { local } from '../harness/receiver.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { octets, tus } from '../harness/tus.ts'
import { until } from '../harness/until.ts'

interface Call {
  params?: Record<string, string>
  query?: string
  headers?: Record<string, string>
  body?: unknown
  /** Bytes as they are, instead of a body. */
  payload?: string | Buffer
  /** Of the client. */
  from?: string
}

const json = { 'content-type': 'application/json' }
const unknownId = '01980000-0000-7000-8000-000000000000'

// From the framework, not from the generator of the document. A HEAD is its GET, and the assets of /docs are part of
// it.
const registered = new Set<string>()
subscribe('fastify.initialization', message => {
  const { fastify } = message as { fastify: FastifyInstance }
  fastify.addHook('onRoute', ({ method, url }) => {
    if (method === 'HEAD' || url.startsWith('/docs/')) return
    registered.add(`${method} ${url.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{name}')}`)
  })
})
// Its body ignores the signal: after a cancel its process lives for another second, and the answer comes before that.
const folder = await taskFolder(t, { 'stubborn.ts': taskModule('stubborn', 'await delay(600_000)') })
const service = await openService(t, {
  needsWorker: true,
  // Keys are made here, and the service stays open.
  env: { MAX_UPLOAD_BYTES: '2 MiB', TASKS_DIR: folder, AUTH: 'off', ...local }
})
const document = (await service.get('/openapi.json')).json()
const { operations, undescribed, wrongWithAnswer, wrongWithExamples } = readDocument(document)

const notReady = await service.get('/health/ready')
await service.startWorker()
const film = await shoot()
const upload = () => form([{ filename: 'film.mp4', content: film }])
const video = await service.keep(film)
const other = await service.keep(film)
const failed = await service.keep('no film')
const finished = await service.submit('add', { x: 1, y: 2 })
const later = () => service.submit('add', { x: 1, y: 2 }, { countdown: 3600 })
const waiting = await later()
await Promise.all([video.task_id, other.task_id, failed.task_id, finished].map(id => service.finished(id)))
const stopped = await later()
await service.post(`/api/tasks/${stopped}/cancel`)
// A film with an open task; an older one of it was revoked.
const busy = await service.keep(film)
await service.post(`/api/tasks/${busy.task_id}/cancel?wait=20`)
await service.finished(busy.task_id)
const printing = { task: 'process_video', args: { video_id: busy.id } }
await service.submit(printing.task, printing.args, { countdown: 3600 })
// Before both slots of the worker are busy.
const tagged = { tag: 'bulk' }
const startBulk = async (body: object) => (await service.post('/api/bulk-operations', body)).json().id as string
const endedBulk = async (id: string) => {
  await service.finished((await service.get(`/api/bulk-operations/${id}`)).json().task_id)
  return id
}
const cancelBulk = async () => {
  await service.submit('add', { x: 1, y: 2 }, { countdown: 3600, tags: ['bulk'] })
  return startBulk({ action: 'cancel', filter: tagged })
}
const bulk = await endedBulk(await cancelBulk())
const internal = await service.submit('sweep', {}, { countdown: 3600 })
const internalBulk = await endedBulk(await startBulk({ action: 'retry', filter: { task: 'sweep' } }))
const { id: undone } = (await service.post(`/api/bulk-operations/${bulk}/undo`)).json()
await endedBulk(undone)
const undoable = await endedBulk(await cancelBulk())
await service.post('/api/queues/high_priority/pause')
const slowBulk = await cancelBulk()
const sleepers = await Promise.all([service.submit('stubborn'), service.submit('sleep', { seconds: 600 })])
const [running, alsoRunning] = sleepers
for (const id of sleepers) await service.until(id, ({ state }) => state === 'STARTED')
const spare = () => service.startWorker({ WORKER_CONCURRENCY: '1', WORKER_QUEUES: 'low_priority' })
const [worker, warm, cold, gone] = await Promise.all([spare(), spare(), spare(), spare()])
await gone.stop(0)
const print = path.basename((await service.get(`/api/videos/${video.id}`)).json().renditions[0].url)
const etag = (await service.get(`/api/videos/${video.id}/files/${print}`)).headers.etag as string
const originalTag = (await service.get(`/api/videos/${video.id}/files/original`)).headers.etag as string
const clientTag = (await service.get('/client.js')).headers.etag as string
const [uiTag, pageTag] = await Promise.all(
  ['/ui', '/ui/tasks'].map(async url => (await service.get(url)).headers.etag as string)
)
const asset = /assets\/(main-\w+\.js)/.exec((await service.get('/ui')).body)![1]!
const of = (id: string) => ({ params: { id } })
const file = { id: video.id, name: print }
// None of these crons comes while the test runs.
const addSchedule = async (body: object) => (await service.post('/api/schedules', body)).json()
const daily = await addSchedule({ name: 'daily', args: { data: '' }, cron: '0 4 1 3 *' })
const hourly = await addSchedule({ name: 'hourly', args: { data: '' }, every: 3600 })
const filming = await addSchedule({ name: 'filming', cron: '0 4 1 3 *', ...printing })
await service.db.pool.query(`select pgboss.create_queue('doomed', '{"policy": "standard"}')`)
const stranded = await addSchedule({ name: 'stranded', args: { data: '' }, cron: '0 4 1 3 *', queue: 'doomed' })
await byHand(service.db.pool, `select pgboss.delete_queue('doomed')`)
const bare = await service.keep('no film')
await service.db.pool.query('update darkroom.films set original_expired_at = now() where id = $1', [bare.id])
await rm(path.join(service.dataDir, 'videos', bare.id, 'original'))
const begin = async (headers: Record<string, string>) =>
  (await service.post('/api/uploads', undefined, { ...tus, ...headers })).json().id as string
const [begun, shorter, givenUp, override, occupied, patched, posted] = await Promise.all(
  Array.from({ length: 7 }, () => begin({ 'upload-length': '9', 'upload-metadata': 'filename eA==' }))
)
const lateCreation = { ...tus, 'upload-length': '9', 'idempotency-key': 'late' }
const expired = await begin(lateCreation)
const deferred = await begin({ 'upload-defer-length': '1' })
const complete = await begin({ 'upload-length': '9' })
const pieceOf = (text: string, offset = 0, more = {}) => ({
  headers: { ...tus, ...octets, 'upload-offset': String(offset), ...more },
  payload: Buffer.from(text)
})
await service.api.app.inject({ method: 'PATCH', url: `/api/uploads/${complete}`, ...pieceOf('no film..') })
await service.db.pool.query(`update darkroom.uploads set expires_at = now() where id = $1`, [expired])
await service.db.pool.query(
  `update darkroom.uploads set lease = gen_random_uuid(), leased_until = now() + interval '1 hour' where id = $1`,
  [occupied]
)
const past = { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' }
const { fingerprint } = (await service.get('/api/errors')).json().items[0]
const hook = async () =>
  (await service.post('/api/webhooks', { url: 'http://127.0.0.1:65535/hook' })).json().id as string
const [webhook, doomed, silent] = [await hook(), await hook(), await hook()]
await service.post(`/api/webhooks/${webhook}/test`)
const soon = new Date(Date.now() + 3_600_000).toISOString()
const silence = (await service.post('/api/problems/silences', { code: 'queue_old', until: soon })).json().id as string
await service.patch(`/api/webhooks/${silent}`, { enabled: false })
const link = (await service.post(`/api/videos/${video.id}/playback`)).json().url as string
const play = { ...file, token: link.split('/')[2]! }
const { kid, key: signer } = (await service.post('/api/signing-keys', { name: 'shop' })).json()
const toSave = (await service.post(`/api/videos/${video.id}/playback`, { grant: 'download' })).json().url as string
const saving = { ...file, token: toSave.split('/')[2]! }
/** A link that an app has signed, for a film that it makes up or for a time that is over. */
const signedPlay = (id: string, exp: number) => ({
  ...play,
  id,
  token: tokenFor(signer, { kid, exp, grant: 's', video: id, epoch: 0 })
})
const minutes = Math.floor(Date.now() / 60_000)
let schedules = 0
const key = async (body: object) => (await service.post('/api/keys', { name: 'some', ...body })).json()
const bearer = ({ key }: { key: string }) => ({ authorization: `Bearer ${key}` })
const [operator, reader, player, scraper, elsewhereOnly, rotated, doomedKey, endedKey] = await Promise.all([
  key({ preset: 'operator' }),
  key({ preset: 'viewer' }),
  key({ preset: 'player' }),
  key({ preset: 'scraper' }),
  key({ preset: 'admin', limits: { networks: ['10.0.0.0/8'] } }),
  ...Array.from({ length: 3 }, () => key({ preset: 'viewer' }))
])
await service.api.app.inject({ method: 'DELETE', url: `/api/keys/${endedKey.id}` })
/** The id of a session of that key. */
async function session() {
  const signed = await service.post('/api/session', { key: reader.key }, { host: 'localhost' })
  return /dr_s_(\w{10})/.exec(String(signed.headers['set-cookie']))![1]!
}
let clients = 0
const aClient = () => `10.1.${Math.floor(++clients / 200)}.${clients % 200}`

/** Requests that succeed, for each operation. */
const good: Record<string, Call[]> = {
  'GET /health/live': [{}],
  'GET /metrics': [{}],
  'GET /health/ready': [{}],
  'POST /api/tasks': [{ body: { task: 'add', args: { x: 1, y: 2 } } }],
  'GET /api/tasks': [{}, { query: 'limit=2&state=SUCCESS&queue=default' }],
  'GET /api/tasks/counts': [{}, { query: 'by=status,queue,task&q=x&status=-FAILED' }],
  'GET /api/tasks/histogram': [{}, { query: 'buckets=10&tag=x' }],
  'POST /api/tasks/process': [{ body: { data: 'hello' } }],
  'POST /api/tasks/bulk': [{ body: { tasks: [{ args: { data: '' } }] } }],
  'GET /api/tasks/{id}': [of(finished), of(waiting), of(running), of(stopped), of(video.task_id)],
  'GET /api/tasks/{id}/status': [of(finished), of(waiting), of(running), of(stopped)],
  'GET /api/tasks/status/{id}': [of(finished), of(waiting), of(stopped)],
  'GET /api/tasks/{id}/attempts': [of(finished), of(waiting), of(running)],
  'GET /api/tasks/{id}/log': [
    ...[finished, waiting, running].map(of),
    { ...of(finished), query: 'attempt=1', headers: { accept: 'text/plain' } },
    { ...of(finished), headers: { accept: 'text/event-stream' } },
    { ...of(finished), headers: { accept: 'text/event-stream', 'last-event-id': '99:0:end' } }
  ],
  'GET /api/tasks/{id}/timeline': [of(finished), of(waiting), of(running), of(stopped), of(failed.task_id)],
  'GET /api/errors': [{}, { query: 'task=-add&limit=3' }],
  'GET /api/errors/{fingerprint}': [{ params: { fingerprint } }],
  'GET /api/tasks/{id}/why': [of(finished), of(waiting), of(running)],
  'GET /api/kinds': [{}],
  'GET /task-status/{id}': [of(finished), of(waiting), of(running), of(stopped), of(failed.task_id)],
  'GET /api/task-status/{id}': [of(finished)],
  'POST /api/tasks/{id}/cancel': [of(running), { ...of(alsoRunning), query: 'wait=60' }],
  'POST /api/tasks/{id}/retry': [of(stopped)],
  'PATCH /api/tasks/{id}': [
    { ...of(waiting), body: { priority: 3, queue: 'high_priority', eta: '2999-01-01T00:00:00Z', tags: ['a'] } }
  ],
  'DELETE /api/tasks/{id}': [of(await service.submit('add', { x: 1, y: 2 }, { expires: 0 }))],
  'GET /api/tasks/{id}/events': [of(finished), { ...of(finished), headers: { 'last-event-id': '999999999' } }],
  'GET /ws/live': [],
  'GET /ws/tasks': [],
  'GET /ws/tasks/{id}': [],
  'GET /api/problems': [{}],
  'GET /api/doctor': [{}],
  'GET /api/about': [{}],
  'GET /api/queues': [{}],
  'POST /api/queues/{name}/pause': [
    { params: { name: 'low_priority' } },
    { params: { name: 'low_priority' }, body: { reason: 'new disk', until: '2999-01-01T00:00:00Z' } }
  ],
  'POST /api/queues/{name}/resume': [{ params: { name: 'low_priority' } }],
  'POST /api/queues/{name}/purge': [{ params: { name: 'low_priority' } }],
  'GET /api/schedules': [{}, { query: 'limit=2&system=false&enabled=true&q=daily&task=process_data' }],
  'POST /api/schedules': [
    {
      // Its name is taken afterwards.
      get body() {
        return { name: `schedule ${++schedules}`, args: { data: '' }, every: 3600 }
      }
    }
  ],
  'POST /api/schedules/preview': [{ body: { cron: '30 2 * * *', timezone: 'Europe/Berlin' } }, { body: { every: 5 } }],
  'GET /api/schedules/{id}': [of(daily.id), of('daily'), of('expire_results')],
  'PATCH /api/schedules/{id}': [
    { ...of(daily.id), body: { note: 'paused', enabled: false } },
    { ...of('daily'), body: { enabled: true } }
  ],
  'DELETE /api/schedules/{id}': [of(hourly.id)],
  'POST /api/schedules/{id}/run': [of(daily.id)],
  'POST /api/schedules/{id}/backfill': [{ ...of(daily.id), body: past }],
  'GET /api/schedules/{id}/preview': [of(daily.id), { ...of('daily'), query: 'count=3' }],
  'GET /api/schedules/{id}/occurrences': [of('daily'), of('expire_results')],
  'GET /api/audit': [{}, { query: 'limit=1&action=queue.*&since=2026-01-01T00:00:00Z' }],
  'GET /api/problems/history': [{}, { query: 'limit=1&state=closed' }],
  'GET /api/problems/silences': [{}],
  'POST /api/problems/silences': [
    { body: { code: 'disk_low', until: soon, reason: 'known' } },
    { body: { code: 'worker_lost', seconds: 60 } },
    { body: { code: 'queue_old', subject: { type: 'queue', id: 'media' }, until: soon } }
  ],
  'DELETE /api/problems/silences/{id}': [of(silence)],
  'GET /api/webhooks': [{}, { query: 'limit=1' }],
  'POST /api/bulk-operations': [
    { body: { action: 'retry', filter: tagged } },
    { body: { action: 'forget', filter: {}, dry_run: true } }
  ],
  'GET /api/bulk-operations': [{}, { query: 'limit=1' }],
  'GET /api/bulk-operations/{id}': [of(bulk)],
  'POST /api/bulk-operations/{id}/abort': [of(slowBulk)],
  'POST /api/bulk-operations/{id}/undo': [of(undoable)],
  'POST /api/webhooks': [{ body: { url: 'http://127.0.0.1:65535/hook', types: ['task.failed'], queues: ['media'] } }],
  'GET /api/webhooks/{id}': [of(webhook)],
  'PATCH /api/webhooks/{id}': [{ ...of(webhook), body: { ordered: true, tasks: null, description: 'ours' } }],
  'DELETE /api/webhooks/{id}': [of(doomed)],
  'POST /api/webhooks/{id}/test': [of(webhook)],
  'POST /api/webhooks/{id}/rotate': [of(webhook), { ...of(webhook), body: { overlap: 0 } }],
  'POST /api/webhooks/{id}/replay': [
    { ...of(webhook), body: { since: '2026-01-01T00:00:00Z', until: '2026-02-01T00:00:00Z', only: 'all' } },
    { ...of(webhook), body: { message: `msg_${unknownId}` } }
  ],
  'GET /api/webhooks/{id}/deliveries': [of(webhook), { ...of(webhook), query: 'limit=1&status=pending' }],
  'GET /api/keys': [{}, { query: 'limit=1' }],
  'POST /api/keys': [
    { body: { name: 'shop', preset: 'submitter', limits: { kinds: ['add'] } } },
    { body: { name: 'all', scopes: ['read', 'metrics'], expires_at: null } }
  ],
  'GET /api/keys/{id}': [of(reader.id), of(endedKey.id)],
  'POST /api/keys/{id}/rotate': [of(rotated.id), { ...of(player.id), body: { overlap: 3600 } }],
  'DELETE /api/keys/{id}': [of(doomedKey.id)],
  'POST /api/session': [{ body: { key: reader.key }, headers: { host: 'localhost' } }, {}],
  'GET /api/session': [{ headers: bearer(reader) }, {}],
  'DELETE /api/session': [{ headers: bearer(reader) }, {}],
  'GET /api/sessions': [{}, { query: `key_id=${reader.id}&limit=1` }],
  'DELETE /api/sessions/{id}': [of(await session())],
  'POST /api/tickets': [{ body: { path: '/ws/tasks?queue=media', seconds: 30 } }],
  'GET /api/workers': [{}],
  'GET /api/stats/series': [
    {},
    { query: `metric=${Object.keys(metrics)}` },
    { query: 'metric=run_p95,depth,oldest&by=queue&step=300' },
    { query: 'metric=created,wait_p50&by=task' }
  ],
  'GET /api/workers/{id}': [of(worker.id), of(gone.id)],
  'PATCH /api/workers/{id}': [
    { ...of(worker.id), body: { paused: true } },
    { ...of(worker.id), body: { paused: false, concurrency: 2 } }
  ],
  'POST /api/workers/{id}/shutdown': [of(warm.id), { ...of(cold.id), body: { mode: 'cold' } }],
  'POST /api/videos': [upload()],
  'OPTIONS /api/uploads': [{}],
  'OPTIONS /api/uploads/{id}': [of(begun!)],
  'POST /api/uploads': [
    { headers: { ...tus, 'upload-length': '9', 'upload-metadata': 'filename eA==' } },
    { headers: { ...tus, 'upload-defer-length': '1' } },
    { ...pieceOf('no film..'), headers: { ...tus, ...octets, 'upload-length': '9' } }
  ],
  'GET /api/uploads/{id}': [of(begun!), of(complete), of(deferred)],
  'PATCH /api/uploads/{id}': [
    { ...of(shorter!), ...pieceOf('no ') },
    { ...of(shorter!), ...pieceOf('film..', 3) }
  ],
  'DELETE /api/uploads/{id}': [{ ...of(givenUp!), headers: tus }],
  'POST /api/uploads/{id}': [
    { ...of(override!), ...pieceOf('no ', 0, { 'x-http-method-override': 'PATCH' }) },
    { ...of(override!), headers: { ...tus, 'x-http-method-override': 'HEAD' } },
    { ...of(override!), headers: { ...tus, 'x-http-method-override': 'DELETE' } }
  ],
  'POST /upload': [upload()],
  'POST /api/upload': [upload()],
  'GET /api/videos': [{}, { query: 'limit=1' }],
  'GET /api/videos/{id}': [of(video.id)],
  'GET /api/videos/{id}/status': [of(video.id)],
  'GET /api/videos/{id}/files/{name}': [
    { params: file },
    { params: file, headers: { range: 'bytes=0-9' } },
    { params: file, headers: { 'if-none-match': etag } }
  ],
  'GET /api/videos/{id}/files/original': [
    of(video.id),
    { ...of(video.id), headers: { range: 'bytes=0-9' } },
    { ...of(video.id), headers: { 'if-none-match': originalTag } }
  ],
  'POST /api/videos/{id}/playback': [
    of(video.id),
    { ...of(video.id), body: { seconds: 60, grant: 'original' } },
    of(failed.id)
  ],
  'POST /api/videos/{id}/playback/revoke': [of(other.id)],
  'GET /play/{token}/{id}/{name}': [
    { params: play },
    { params: play, headers: { range: 'bytes=0-9' } },
    { params: play, headers: { 'if-none-match': etag } },
    { params: saving },
    { params: saving, headers: { range: 'bytes=0-9' } },
    { params: saving, headers: { 'if-none-match': etag } }
  ],
  'OPTIONS /play/{token}/{id}/{name}': [{ params: play }],
  'GET /api/signing-keys': [{}],
  'POST /api/signing-keys': [{ body: { name: 'another shop' } }],
  'DELETE /api/signing-keys/{kid}': [
    { params: { kid: (await service.post('/api/signing-keys', { name: 'old' })).json().kid } }
  ],
  'POST /api/videos/{id}/process': [
    of(video.id),
    { ...of(video.id), body: { only: ['480p'], profile: 'fast', loudness: -23 } }
  ],
  'POST /process-video': [{ body: { video_id: video.id } }],
  'POST /api/process-video': [{ body: { video_id: video.id } }],
  'GET /status/{id}': [video.id, failed.id, finished, waiting, stopped].map(of),
  'GET /api/status/{id}': [of(video.id)],
  'PATCH /api/videos/{id}': [{ ...of(video.id), body: { playback: 'public' } }],
  'DELETE /api/videos/{id}': [of(other.id)],
  'GET /client.js': [{}, { headers: { 'if-none-match': clientTag } }],
  'GET /ui': [{}, { headers: { 'if-none-match': uiTag! } }],
  'GET /ui/{name}': [
    { params: { name: 'tasks' } },
    { params: { name: 'tasks' }, headers: { 'if-none-match': pageTag! } }
  ],
  'GET /ui/assets/{file}': [{ params: { file: asset } }],
  'GET /openapi.json': [{}],
  'GET /docs': [{}]
}

/** A request that is refused with the code, on every operation that declares it. */
const bad: Record<string, Call | ((operation: string) => Call)> = {
  HOST_NOT_ALLOWED: { headers: { host: 'evil.example' } },
  CROSS_SITE: { headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } },
  KEY_IN_URL: { query: 'api_key=x' },
  UNAUTHORIZED: operation => ({
    headers: { authorization: 'Bearer dr_k_wrong' },
    from: aClient(),
    ...(operation === 'POST /api/session' && { body: { key: 'x' } })
  }),
  SCOPE_MISSING: operation => ({ headers: bearer(operation.endsWith('/metrics') ? player : scraper) }),
  LIMIT_EXCEEDED: operation => ({
    headers: bearer(elsewhereOnly),
    ...(operation === 'POST /api/session' && { body: { key: elsewhereOnly.key }, headers: {} })
  }),
  SESSION_INSECURE: { body: { key: reader.key }, headers: { host: '10.0.0.5' } },
  KEY_NOT_FOUND: of('nothing'),
  SESSION_NOT_FOUND: of('nothing'),
  SILENCE_NOT_FOUND: of(unknownId),
  KEY_ENDED: of(endedKey.id),
  INVALID_REQUEST: { query: 'x=%00' },
  INVALID_JSON: { headers: json, payload: '{' },
  BODY_TOO_LARGE: { headers: { ...json, 'content-length': '999999999' }, payload: '{}' },
  UNSUPPORTED_MEDIA_TYPE: operation => ({
    headers: {
      ...(operation.includes('/api/uploads') && tus),
      // Of these no body is read.
      'content-type': /^(OPTIONS|DELETE .api.uploads)/.test(operation) ? 'no type' : 'text/plain'
    },
    payload: 'hello'
  }),
  UNSUPPORTED_ENCODING: operation =>
    resuming(operation, begun!, 'x', 0, { 'content-encoding': 'gzip' }) ?? {
      headers: { ...json, 'content-encoding': 'gzip' },
      payload: '{}'
    },
  INVALID_CURSOR: operation => ({
    ...of(operation.includes('webhooks') ? webhook : daily.id),
    query: 'cursor=x'
  }),
  UNKNOWN_TASK: operation => submitting(operation, { task: 'nothing' }),
  UNKNOWN_QUEUE: operation =>
    (operation === 'POST /api/bulk-operations'
      ? { body: { action: 'move', queue: 'nowhere', filter: tagged } }
      : undefined) ??
    (operation === 'PATCH /api/tasks/{id}' ? { ...of(waiting), body: { queue: 'nowhere' } } : undefined) ??
    making(operation, stranded.id) ??
    submitting(operation, { queue: 'nowhere', args: { data: '' } }),
  KIND_INTERNAL: operation =>
    operation.includes('/api/bulk-operations')
      ? {
          ...of(internalBulk),
          headers: bearer(operator),
          ...(operation.endsWith('operations') && { body: { action: 'cancel', filter: { task: 'sweep' } } })
        }
      : operation.includes('/api/tasks/{id}')
        ? {
            ...of(internal),
            headers: bearer(operator),
            ...(operation.startsWith('PATCH') && { body: { priority: 1 } })
          }
        : submitting(operation, { task: 'sweep' }),
  ROUTE_NOT_FOUND: {},
  TASK_NOT_FOUND: operation => ({
    ...of(unknownId),
    body: operation.startsWith('PATCH') ? { priority: 1 } : undefined
  }),
  BULK_NOT_FOUND: of(unknownId),
  BULK_FINISHED: of(bulk),
  BULK_NOT_UNDOABLE: of(bulk),
  PREVIEW_REFUSED: { body: { action: 'cancel', filter: tagged, preview: 'garbage' } },
  ERROR_NOT_FOUND: { params: { fingerprint: 'x' } },
  VIDEO_NOT_FOUND: operation => ({
    params: operation.includes('/play/') ? signedPlay(unknownId, minutes + 10) : { id: unknownId, name: '480p.mp4' },
    ...(operation.startsWith('PATCH') && { body: { playback: null } }),
    ...ofVideo(operation, unknownId)
  }),
  PLAYBACK_DENIED: { params: { ...play, token: 'x' } },
  PLAYBACK_EXPIRED: { params: signedPlay(video.id, minutes - 10) },
  SIGNING_KEY_NOT_FOUND: { params: { kid: 'x' } },
  SCHEDULE_NOT_FOUND: operation =>
    making(operation, unknownId) ?? {
      ...of(unknownId),
      body: operation.startsWith('PATCH') ? { enabled: true } : undefined
    },
  SCHEDULE_NAME_TAKEN: operation => ({ ...submitting(operation, { args: { data: '' } }, 'filming') }),
  SYSTEM_SCHEDULE: operation => ({
    ...of('expire_results'),
    body: operation.startsWith('PATCH') ? { task: 'add' } : undefined
  }),
  WEBHOOK_NOT_FOUND: operation => ({
    ...of(unknownId),
    body: operation.startsWith('PATCH')
      ? { ordered: true }
      : operation.endsWith('replay')
        ? { message: 'x' }
        : undefined
  }),
  WEBHOOK_DISABLED: operation => ({ ...of(silent), body: operation.endsWith('replay') ? { message: 'x' } : undefined }),
  WORKER_NOT_FOUND: { ...of(unknownId), body: {} },
  WORKER_GONE: { ...of(gone.id), body: {} },
  QUEUE_NOT_FOUND: { params: { name: 'nowhere' } },
  FILE_NOT_FOUND: operation => ({
    params: { ...play, name: '2160p.mp4', ...(operation.endsWith('/original') && { id: bare.id }) }
  }),
  PRECONDITION_FAILED: { params: play, headers: { 'if-match': '"another"' } },
  RANGE_NOT_SATISFIABLE: { params: play, headers: { range: 'bytes=999999999-' } },
  TASK_FINISHED: of(finished),
  TASK_NOT_FINISHED: of(waiting),
  TASK_NOT_RETRYABLE: of(waiting),
  TASK_NOT_WAITING: { ...of(finished), body: { priority: 1 } },
  VIDEO_BUSY: operation => making(operation, filming.id) ?? { ...of(busy.task_id), ...submitting(operation, printing) },
  ORIGINAL_GONE: operation => ({ ...of(bare.id), ...ofVideo(operation, bare.id) }),
  UPLOAD_NOT_MULTIPART: { body: {} },
  UPLOAD_MISSING: form([{ name: 'film', filename: 'film.mp4', content: 'x' }]),
  UPLOAD_SEVERAL: form(['one.mp4', 'two.mp4'].map(filename => ({ filename, content: 'x' }))),
  UPLOAD_EMPTY: operation =>
    resuming(operation, begun!, '', 0, { 'upload-length': '0' }) ?? form([{ filename: 'film.mp4', content: '' }]),
  UPLOAD_TOO_LARGE: operation =>
    resuming(operation, begun!, '', 0, { 'upload-length': '99999999' }) ??
    form([{ filename: 'film.mp4', content: Buffer.alloc(2 * 1024 * 1024 + 1) }]),
  UPLOAD_NOT_FOUND: operation => resuming(operation, unknownId, 'x')!,
  UPLOAD_EXPIRED: operation =>
    operation === 'POST /api/uploads' ? { headers: lateCreation } : resuming(operation, expired, 'x')!,
  UPLOAD_OFFSET: operation => resuming(operation, begun!, 'x', 1)!,
  UPLOAD_LOCKED: operation => resuming(operation, occupied!, 'x')!,
  UPLOAD_OVERLONG: operation => resuming(operation, begun!, '0123456789', 0, { 'upload-length': '9' })!,
  UPLOAD_CHECKSUM: operation =>
    resuming(operation, begun!, 'x', 0, { 'upload-length': '9', 'upload-checksum': 'sha1 AAAA' })!,
  UPLOAD_NOT_OCTETS: operation => resuming(operation, begun!, 'x', 0, { 'content-type': 'text/plain' })!,
  UPLOAD_NO_FILM: operation =>
    resuming(operation, operation.startsWith('PATCH') ? patched! : posted!, '%PDF-1.7', 0, { 'upload-length': '9' })!,
  UPLOAD_FINISHED: operation => resuming(operation, complete, '', 0, { 'x-http-method-override': 'DELETE' })!,
  TUS_VERSION: operation => resuming(operation, begun!, 'x', 0, { 'tus-resumable': '0.2.2' })!,
  METHOD_NOT_ALLOWED: of(unknownId),
  UPLOAD_BROKEN: { ...upload(), payload: upload().payload.subarray(0, 300) }
}

/** A body that names what a task is, where the operation has it. */
function submitting(operation: string, task: object, name = 'new'): Call {
  if (operation.startsWith('PATCH /api/schedules')) return { ...of(daily.id), body: { ...task, name } }
  if (operation.endsWith('/api/schedules')) return { body: { ...task, name, every: 3600 } }
  return { body: operation.endsWith('bulk') ? { tasks: [task] } : task }
}

/** A request with bytes of a resumable upload, if the operation is one that may have some. */
function resuming(operation: string, id: string, text: string, offset = 0, more = {}): Call | undefined {
  if (!operation.includes('/api/uploads')) return undefined
  return { ...of(id), ...pieceOf(text, offset, { 'x-http-method-override': 'PATCH', ...more }) }
}

/** A request that makes tasks of a schedule, if the operation is one. */
function making(operation: string, id: string): Call | undefined {
  if (operation.endsWith('/run')) return of(id)
  if (operation.endsWith('/backfill')) return { ...of(id), body: past }
}

/** A request that differs from the good one: under the same Idempotency-Key it is refused. */
const another: Record<string, Call> = {
  'POST /api/bulk-operations': { body: { action: 'retry', filter: { tag: 'other' } } },
  'POST /api/tasks': { body: { args: { data: '' } } },
  'POST /api/tasks/process': { body: { data: '' } },
  'POST /api/tasks/bulk': { body: { tasks: [{ task: 'add', args: { x: 1, y: 1 } }] } },
  'POST /api/schedules': { body: { name: 'another', args: { data: '' }, every: 60 } },
  'POST /api/schedules/{id}/run': of(filming.id),
  'POST /api/schedules/{id}/backfill': { ...of(daily.id), body: { ...past, from: '2026-03-01T12:00:00Z' } },
  'POST /api/problems/silences': { body: { code: 'disk_away', until: soon } },
  'POST /api/webhooks': { body: { url: 'http://127.0.0.1:65535/other' } },
  'POST /api/keys': { body: { name: 'other', preset: 'viewer' } },
  'POST /api/signing-keys': { body: { name: 'a third' } },
  'POST /api/videos': form([{ filename: 'film.mp4', content: 'another film' }]),
  'POST /api/uploads': { headers: { ...tus, 'upload-length': '8' } },
  'POST /upload': form([{ filename: 'film.mp4', content: 'another film' }]),
  'POST /api/upload': form([{ filename: 'film.mp4', content: 'another film' }]),
  'POST /api/videos/{id}/process': of(other.id),
  'POST /process-video': { body: { video_id: other.id } }
}

// Codes that a healthy service and a well-behaved client never meet.
const elsewhere = [
  'REQUEST_TIMEOUT',
  'HEADERS_TOO_LARGE',
  'INTERNAL',
  'STORAGE_FULL',
  'STORAGE_UNAVAILABLE',
  'DATABASE_UNAVAILABLE',
  'DATABASE_LOCKED',
  'TOO_SLOW',
  'STOPPING',
  'OVERLOADED',
  'TOO_MANY_OPEN',
  'RATE_LIMITED',
  'TOO_MANY_FAILURES',
  // Only without a key: see test/keys/start.test.ts.
  'OPEN_TO_THIS_MACHINE',
  // Without the setting there is no such header.
  'PROXY_NOT_TRUSTED'
]

const address = await service.listen()

async function send(on: typeof service, { method, path }: Operation, call: Call) {
  const { params = {}, query = '', headers, from, body, payload = body as object } = call
  const url = path.replaceAll(/\{(\w+)\}/g, (_, name) => params[name] ?? unknownId)
  const { statusCode, ...answer } = await on.api.app.inject({
    method: method as 'GET',
    url: query ? `${url}?${query}` : url,
    headers,
    ...(from !== undefined && { remoteAddress: from }),
    ...(payload !== undefined && method !== 'GET' && { payload })
  })
  return { status: statusCode, headers: answer.headers, body: answer.body }
}

t.test('the document is valid OpenAPI 3.1, and its examples match their schemas', async t => {
  const { valid, errors } = await new Validator().validate(document)

  t.ok(valid, JSON.stringify(errors))
  t.equal(document.openapi, '3.1.0')
  t.strictSame(wrongWithExamples(), [])
  t.strictSame(JSON.stringify(document).match(/.{40}("nullable"|Default Response|%s).{40}/), null)
})

t.test('every route that is registered is in the document, described, and is called here', async t => {
  const documented = operations.map(({ name }) => name).toSorted()

  t.strictSame(documented, [...registered].toSorted())
  t.strictSame(documented, Object.keys(good).toSorted())
  for (const [path, methods] of Object.entries<any>(document.paths)) {
    for (const { summary, tags } of Object.values<any>(methods)) {
      t.match(summary, /^[A-Z].{3,}[^.]$/, path)
      t.ok(
        document.tags.some(({ name }: any) => name === tags[0]),
        path
      )
    }
  }
})

t.test('every operation has an id of its own, for generated clients', async t => {
  const ids = operations.map(({ operationId }) => operationId)

  for (const [index, id] of ids.entries()) t.match(id, /^[a-z][A-Za-z0-9]+$/, operations[index]!.name)
  t.strictSame([...new Set(ids)], ids)
})

t.test('every field, parameter and header has a description', async t => {
  t.strictSame(undescribed(), [])
})

for (const operation of operations) {
  t.test(`${operation.name} answers what the document says`, async t => {
    const seen = new Set<string>()
    const headers = new Map<string, Set<string>>()
    const ask = async (call: Call, what: string) => {
      const answer = await send(service, operation, call)
      t.strictSame(wrongWithAnswer(operation, answer), [], `${what}: ${answer.status}`)
      seen.add(String(answer.status))
      const named = headers.get(String(answer.status)) ?? new Set()
      headers.set(String(answer.status), new Set([...named, ...Object.keys(answer.headers)]))
      return answer
    }

    // Refused requests first: they change nothing.
    for (const [status, { codes }] of operation.responses) {
      for (const code of codes.filter(code => !elsewhere.includes(code) && code !== 'IDEMPOTENCY_KEY_REUSED')) {
        const { status: found, body } = await ask(callFor(code, operation.name), code)
        t.match([found, JSON.parse(body).code], [Number(status), code])
      }
    }
    // A worker beside many others may be late with a heartbeat.
    if (operation.name === 'GET /health/ready') {
      await until(async () => (await service.get('/health/ready')).statusCode === 200, 'the worker is up')
    }
    for (const call of good[operation.name] ?? []) {
      const { status, body } = await ask(call, JSON.stringify(call).slice(0, 100))
      t.ok(status < 400, `${status}: ${body}`)
      const hasBody = 'body' in call || 'payload' in call
      t.ok(hasBody || !operation.requestBody?.required, 'what may be left out is not required')
    }
    if (operation.responses.get('409')?.codes.includes('IDEMPOTENCY_KEY_REUSED')) {
      const keyed = (call: Call) => ({
        ...call,
        headers: { ...call.headers, 'idempotency-key': operation.name.replaceAll(' ', '-') }
      })
      const first = keyed(good[operation.name]![0]!)
      const { body, status } = await ask(first, 'with a key')
      const again = await ask(first, 'again')
      t.strictSame([again.status, again.body], [status, body], 'byte for byte')
      const refused = await ask(keyed(another[operation.name]!), 'another request under the key')
      t.equal(JSON.parse(refused.body).code, 'IDEMPOTENCY_KEY_REUSED')
    }
    if (operation.responses.has('101')) {
      const socket = new WebSocket(`${address}${operation.path.replace('{id}', finished)}`)
      t.teardown(() => socket.close())
      await new Promise((resolve, reject) => {
        socket.onopen = resolve
        socket.onerror = reject
      })
      seen.add('101')
    }
    if (operation.name === 'GET /health/ready') {
      const answer = { ...notReady, status: notReady.statusCode }
      t.strictSame(wrongWithAnswer(operation, answer), [])
      seen.add(String(answer.status))
      headers.set('503', new Set(Object.keys(answer.headers)))
    }

    for (const [status, { response, codes }] of operation.responses) {
      if (codes.length > 0 && codes.every(code => elsewhere.includes(code))) continue
      t.ok(seen.has(status), `${status} was seen`)
      for (const name of Object.keys(response.headers ?? {})) {
        t.ok(headers.get(status)?.has(name.toLowerCase()), `the header ${name} of a ${status} was seen`)
      }
    }
  })
}

t.test('operations on a task in any state answer what the document says', async t => {
  const states = {
    later,
    async revoked() {
      const id = await later()
      await service.post(`/api/tasks/${id}/cancel`)
      return id
    },
    async finished() {
      const id = await service.submit('add', { x: 1, y: 2 })
      await service.finished(id)
      return id
    }
  }
  // The stream of a waiting task does not end.
  const onTasks = operations.filter(({ path }) => /task.*\{id\}(?!\/events)/.test(path))

  t.ok(onTasks.length >= 8)
  const calls = onTasks.flatMap(operation =>
    Object.entries(states).map(([state, make]) => ({ operation, state, make }))
  )
  await Promise.all(
    calls.map(async ({ operation, state, make }) => {
      const answer = await send(service, operation, of(await make()))
      t.strictSame(wrongWithAnswer(operation, answer), [], `${operation.name}, ${state}: ${answer.status}`)
    })
  )
})

t.test('operations answer any body as the document says', async t => {
  const strange = { task: 'nothing', queue: 'nowhere', args: { x: 1 }, data: 5, video_id: 'garbage' }
  const bodies = [[], {}, 'text', 7, strange, { task: 'nothing' }, { queue: 'nowhere', args: { data: '' } }]
  const withBody = operations.filter(({ requestBody }) => requestBody?.content['application/json'])

  t.ok(withBody.length >= 4)
  for (const operation of withBody) {
    // For others `tasks` is a field like any unknown one.
    const inList = operation.path.endsWith('/bulk') ? bodies : [strange]
    for (const each of [...bodies, { video_id: 'garbage' }, ...inList.map(body => ({ tasks: [body] }))]) {
      const answer = await send(service, operation, { headers: json, payload: JSON.stringify(each) })
      t.strictSame(wrongWithAnswer(operation, answer), [], `${operation.name}, ${JSON.stringify(each)}`)
    }
  }
})

t.test('the example bodies are accepted', async t => {
  for (const operation of operations) {
    for (const { example, examples = {} } of Object.values<any>(operation.requestBody?.content ?? {})) {
      for (const body of [...(example ? [example] : []), ...Object.values<any>(examples).map(({ value }) => value)]) {
        const params = good[operation.name]?.[0]?.params
        const { status, body: answer } = await send(service, operation, { params, body })

        t.ok(status < 300, `${operation.name}: ${answer}`)
      }
    }
  }
})

t.test('without its database every operation answers what the document says', async t => {
  const proxy = await openProxy(t, await borrowDatabase(t))
  const cut = await openService(t, { env: { DATABASE_URL: proxy.url, ...local } })
  proxy.cut()

  for (const operation of operations) {
    const answer = await send(cut, operation, { params: file, ...good[operation.name]?.[0] })

    t.strictSame(wrongWithAnswer(operation, answer), [], operation.name)
    // What is wrong with the database is one of the doctor's findings.
    if (!operation.responses.has('503')) continue
    t.equal(answer.status, 503, operation.name)
    t.ok(answer.headers['retry-after'], operation.name)
  }
})

/** The film is named in the body, or in the address. */
function ofVideo(operation: string, id: string) {
  return operation.endsWith('/process-video') ? { body: { video_id: id } } : {}
}

function callFor(code: string, operation: string) {
  const call = bad[code]
  if (!call) throw new Error(`This test has no request that is refused with ${code}`)
  return typeof call === 'function' ? call(operation) : call
}
