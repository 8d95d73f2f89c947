import t from 'tap'
import { form } from '../harness/form.ts'
import { openKeys } from '../harness/keys.ts'
import { openService } from '../harness/service.ts'
import { tus } from '../harness/tus.ts'

const service = await openService(t, { worker: true })
const { admin, make } = await openKeys(service)
const { get, post } = service
const inject = (method: 'DELETE' | 'PATCH', url: string, headers: Record<string, string>, payload?: object) =>
  service.api.app.inject({ method, url, headers, ...(payload && { payload }) })
const later = { args: { data: '' }, countdown: 3600 }
// Of keys: schedules submit theirs meanwhile.
const count = async () =>
  (await service.db.pool.query('select count(created_by)::int as n from darkroom.tasks')).rows[0].n

t.test('limits hold where a task is made, whatever makes it', async t => {
  const key = await make({
    scopes: ['read', 'submit', 'operate'],
    limits: { kinds: ['process_data', 'add'], queues: ['default'], max_priority: 5, max_retries: 2, max_time_limit: 60 }
  })
  const others = (await post('/api/tasks', { task: 'sleep', args: { seconds: 1 }, countdown: 3600 }, admin.with)).json()
  await inject('PATCH', `/api/tasks/${others.id}`, admin.with, { priority: 1 })
  const refused = async (limit: string, answer: Promise<{ statusCode: number; body: string }>) => {
    const { statusCode, body } = await answer
    t.match([statusCode, JSON.parse(body)], [403, { code: 'LIMIT_EXCEEDED', detail: new RegExp(`"${limit}"`) }], body)
  }
  await refused('kinds', post('/api/tasks', { task: 'sleep', args: { seconds: 1 } }, key.with))
  await refused('queues', post('/api/tasks', { ...later, queue: 'media' }, key.with))
  await refused('max_priority', post('/api/tasks', { ...later, priority: 6 }, key.with))
  await refused('max_retries', post('/api/tasks', { ...later, max_retries: 3 }, key.with))
  await refused('max_time_limit', post('/api/tasks', { ...later, time_limit: 61 }, key.with))
  await refused('kinds', post(`/api/tasks/${others.id}/cancel`, undefined, key.with))
  await refused(
    'kinds',
    post('/api/schedules', { name: 's', task: 'sleep', args: { seconds: 1 }, every: 60 }, key.with)
  )
  await refused(
    'queues',
    post('/api/schedules', { name: 's', args: { data: '' }, every: 60, queue: 'media' }, key.with)
  )
  await refused('kinds', service.api.app.inject({ method: 'POST', url: '/api/videos', ...withKey(key.with) }))
  await refused('kinds', post('/api/uploads', undefined, { ...key.with, ...tus, 'upload-length': '9' }))
  const made = (await post('/api/tasks', later, key.with)).json()
  t.match(made, { max_retries: 2, priority: 0, created_by: 'some' }, 'what is left open stays within')
  await refused('queues', inject('PATCH', `/api/tasks/${made.id}`, key.with, { queue: 'media' }))
  await refused('max_priority', inject('PATCH', `/api/tasks/${made.id}`, key.with, { priority: 9 }))
  t.equal((await post('/api/schedules', { name: 'fits', args: { data: '' }, every: 3600 }, key.with)).statusCode, 201)
  const run = (await post('/api/schedules/fits/run', undefined, key.with)).json()
  t.match((await get(`/api/tasks/${run.task_id}`, admin.with)).json(), { created_by: 'some' })

  t.match((await post('/api/tasks', { task: 'expire_keys', args: {} }, key.with)).json(), { code: 'KIND_INTERNAL' })
  t.equal((await post('/api/tasks', { task: 'expire_keys', args: {} }, admin.with)).statusCode, 201)

  const before = await count()
  const bulk = await post(
    '/api/tasks/bulk',
    { tasks: [later, { ...later, task: 'sleep' }, { ...later, priority: 7 }] },
    key.with
  )
  t.match(
    [bulk.statusCode, bulk.json()],
    [403, { code: 'LIMIT_EXCEEDED', errors: [{ field: 'tasks[1].task' }, { field: 'tasks[2].priority' }] }],
    bulk.body
  )
  t.equal(await count(), before, 'none is kept')
})

function withKey(headers: Record<string, string>) {
  const { headers: ofForm, payload } = form([{ filename: 'a.mp4', content: 'film' }])
  return { headers: { ...ofForm, ...headers }, payload }
}

t.test('a key has a number of open tasks, which is exact, and a largest upload', async t => {
  const key = await make({ preset: 'submitter', limits: { max_pending: 5, max_upload_bytes: 10 } })
  const answers = await Promise.all(Array.from({ length: 12 }, () => post('/api/tasks', later, key.with)))
  t.equal(answers.filter(({ statusCode }) => statusCode === 201).length, 5)
  t.match(answers.find(({ statusCode }) => statusCode !== 201)!.json(), {
    code: 'LIMIT_EXCEEDED',
    detail: /max_pending/
  })
  t.equal((await post('/api/tasks', later, { ...key.with, 'idempotency-key': 'x' })).statusCode, 403)
  await post(
    `/api/tasks/${answers[0]!.json().id ?? answers.find(a => a.statusCode === 201)!.json().id}/cancel`,
    undefined,
    admin.with
  )
  t.equal((await post('/api/tasks/bulk', { tasks: [later, later] }, key.with)).statusCode, 403)
  t.equal((await post('/api/tasks/bulk', { tasks: [later] }, key.with)).statusCode, 201)

  const large = form([{ filename: 'a.mp4', content: 'more than ten bytes' }])
  const upload = await service.api.app.inject({
    method: 'POST',
    url: '/api/videos',
    payload: large.payload,
    headers: { ...large.headers, ...key.with }
  })
  t.match([upload.statusCode, upload.json().code], [413, 'UPLOAD_TOO_LARGE'])
  t.equal((await post('/api/uploads', undefined, { ...key.with, ...tus, 'upload-length': '11' })).statusCode, 413)
})

t.test('the same Idempotency-Key of two keys is two requests', async t => {
  const [one, other] = [await make({ preset: 'submitter' }), await make({ preset: 'submitter' })]
  const send = async (key: { with: { authorization: string } }) =>
    (await post('/api/tasks', later, { ...key.with, 'idempotency-key': 'order-17' })).json().id
  const first = await send(one)
  t.not(await send(other), first)
  t.equal(await send(one), first)
  const twice = { name: 'twice', preset: 'viewer' }
  const made = await post('/api/keys', twice, { ...admin.with, 'idempotency-key': 'k' })
  const replayed = await post('/api/keys', twice, { ...admin.with, 'idempotency-key': 'k' })
  t.equal(replayed.body, made.body)
  const { rows } = await service.db.pool.query(`select answer::text from darkroom.idempotency_keys where key = 'k'`)
  t.notMatch(rows[0].answer, /dr_k_/, 'the table does not have the key')
})

t.test('a key that sees only its own finds nothing else anywhere', async t => {
  const mine = await make({ name: 'mine', scopes: ['read', 'submit', 'operate'], limits: { own: true } })
  const theirs = await make({ name: 'theirs', preset: 'submitter' })
  const film = form([{ filename: 'a.mp4', content: 'no film' }])
  const send = async (key: typeof mine) => {
    const task = (await post('/api/tasks', { ...later, tags: ['x'] }, key.with)).json()
    const headers = { ...film.headers, ...key.with }
    const video = await service.api.app.inject({ method: 'POST', url: '/api/videos', payload: film.payload, headers })
    const upload = await post('/api/uploads', undefined, { ...key.with, ...tus, 'upload-length': '9' })
    return { task: task.id, video: video.json().id, film: video.json().task_id, upload: upload.json().id }
  }
  const [own, foreign] = [await send(mine), await send(theirs)]

  for (const [ids, status] of [
    [own, 200],
    [foreign, 404]
  ] as const) {
    for (const path of ['', '/status', '/timeline', '/attempts', '/why', '/log']) {
      t.equal((await get(`/api/tasks/${ids.task}${path}`, mine.with)).statusCode, status, path)
    }
    t.equal((await get(`/api/tasks/${ids.task}?wait=0.01`, mine.with)).statusCode, status)
    for (const path of [`/api/tasks/status/${ids.task}`, `/task-status/${ids.task}`, `/status/${ids.video}`]) {
      t.equal((await get(path, mine.with)).statusCode, status, path)
    }
    t.equal((await get(`/api/videos/${ids.video}`, mine.with)).statusCode, status)
    t.equal((await get(`/api/videos/${ids.video}/status`, mine.with)).statusCode, status)
    t.equal((await get(`/api/uploads/${ids.upload}`, mine.with)).statusCode, status)
  }
  t.equal((await post(`/api/tasks/${foreign.task}/cancel`, undefined, mine.with)).statusCode, 404)
  t.equal((await post(`/api/tasks/${foreign.task}/retry`, undefined, mine.with)).statusCode, 404)
  t.equal((await inject('PATCH', `/api/tasks/${foreign.task}`, mine.with, { priority: 1 })).statusCode, 404)
  t.equal((await inject('DELETE', `/api/tasks/${foreign.task}`, mine.with)).statusCode, 404)
  t.equal((await inject('DELETE', `/api/videos/${foreign.video}`, mine.with)).statusCode, 404)
  t.equal((await post(`/api/videos/${foreign.video}/process`, undefined, mine.with)).statusCode, 404)
  t.equal((await inject('DELETE', `/api/uploads/${foreign.upload}`, { ...mine.with, ...tus })).statusCode, 404)
  t.equal((await get(`/api/tasks/${foreign.task}/events`, mine.with)).statusCode, 404)

  const idsAt = async (url: string) =>
    (await get(url, mine.with))
      .json()
      .items.map(({ id }: any) => id)
      .toSorted()
  const tasks = [own.task, own.film].toSorted()
  for (const query of ['', '?order=oldest', '?tag=x,', '?status=-FAILED', '?order=soonest', '?order=longest']) {
    const found = await idsAt(`/api/tasks${query}`)
    t.ok(found.includes(own.task), query)
    t.ok(
      found.every((id: string) => tasks.includes(id)),
      query
    )
  }
  t.strictSame(await idsAt(`/api/tasks?q=${foreign.task}`), [])
  t.strictSame(await idsAt('/api/videos'), [own.video])
  t.strictSame(await idsAt('/api/videos?q=a.mp4'), [own.video])
  const { items } = (await get('/api/tasks/counts?by=task', mine.with)).json()
  t.strictSame(
    items.toSorted((one: any, two: any) => (one.task < two.task ? -1 : 1)),
    [
      { task: 'process_data', count: 1, exact: true },
      { task: 'process_video', count: 1, exact: true }
    ]
  )
  const { items: buckets } = (await get('/api/tasks/histogram?buckets=1', mine.with)).json()
  t.equal(
    Object.values<any>(buckets[0])
      .filter(Number.isInteger)
      .reduce((all, each) => all + each, 0),
    2
  )
  for (const path of ['/api/errors', '/api/workers', '/api/stats/series', '/api/problems']) {
    t.match((await get(path, mine.with)).json(), { code: 'LIMIT_EXCEEDED', detail: /"own"/ }, path)
  }
  t.equal((await get('/api/kinds', mine.with)).statusCode, 200)

  const address = await service.listen()
  const open = (path: string) =>
    new WebSocket(`${address.replace('http', 'ws')}${path}`, { headers: mine.with } as never)
  const other = open(`/ws/tasks/${foreign.task}`)
  t.equal(await new Promise(resolve => other.addEventListener('close', ({ code }) => resolve(code))), 4404)
  const all = open('/ws/tasks')
  const heard: string[] = []
  all.addEventListener('message', ({ data }) => heard.push(JSON.parse(data).task_id))
  await new Promise(resolve => all.addEventListener('open', resolve))
  await post(`/api/tasks/${foreign.task}/cancel`, undefined, admin.with)
  await post(`/api/tasks/${own.task}/cancel`, undefined, mine.with)
  await new Promise<void>(resolve => {
    all.addEventListener('message', () => heard.includes(own.task) && resolve())
    if (heard.includes(own.task)) resolve()
  })
  t.notOk(heard.includes(foreign.task))
  all.close()
})
