import t, { type Test } from 'tap'
import { openKeys, type TestKey } from '../harness/keys.ts'
import { openService } from '../harness/service.ts'

const service = await openService(t, { worker: true })
const { admin, make } = await openKeys(service)
const { get, post } = service
for (const queue of ['default', 'low_priority', 'media']) await post(`/api/queues/${queue}/pause`, {}, admin.with)
const url = '/api/bulk-operations'

async function submit(tag: string, key: TestKey = admin, more: object = {}) {
  const task = { task: 'add', args: { x: 1, y: 2 }, tags: [tag], queue: 'low_priority', ...more }
  return (await post('/api/tasks', task, key.with)).json().id as string
}

async function run(body: object, key: TestKey = admin, path = url) {
  const { id, task_id } = (await post(path, body, key.with)).json()
  await get(`/api/tasks/${task_id}?wait=60`, admin.with)
  return (await get(`${url}/${id}`, admin.with)).json()
}

const stateOf = async (id: string) => (await get(`/api/tasks/${id}`, admin.with)).json().state

async function refused(t: Test, limit: string, key: TestKey, path: string, body: object = {}) {
  const answer = await post(path, body, key.with)
  t.match([answer.statusCode, answer.json()], [403, { code: 'LIMIT_EXCEEDED', detail: new RegExp(`"${limit}"`) }])
}

t.test('a limited key neither aborts nor undoes what goes beyond its limits', async t => {
  const operator = { scopes: ['read', 'submit', 'operate'] }
  const ofKinds = await make({ ...operator, limits: { kinds: ['add'] } })
  const ofQueues = await make({ ...operator, limits: { queues: ['low_priority', 'high_priority'] } })
  const ids = [await submit('undone'), await submit('undone', admin, { task: 'sleep', args: { seconds: 1 } })]
  const all = await run({ action: 'cancel', filter: { tag: 'undone' } })
  t.equal(all.done, 2)
  await refused(t, 'kinds', ofKinds, `${url}/${all.id}/undo`)
  await refused(t, 'queues', ofQueues, `${url}/${all.id}/undo`)
  t.strictSame(await Promise.all(ids.map(stateOf)), ['REVOKED', 'REVOKED'])

  const within = [await submit('within')]
  const ofOne = await run({ action: 'cancel', filter: { tag: 'within', task: 'add', queue: 'low_priority' } })
  t.match(await run({}, ofKinds, `${url}/${ofOne.id}/undo`), { done: 1 }, 'what stays within its limits it may undo')
  t.strictSame(await Promise.all(within.map(stateOf)), ['PENDING'])
  const [moved] = [await submit('moved')]
  const move = await run({ action: 'move', queue: 'media', filter: { tag: 'moved', queue: 'low_priority' } })
  await refused(t, 'queues', ofQueues, `${url}/${move.id}/undo`)
  t.match((await get(`/api/tasks/${moved}`, admin.with)).json(), { queue: 'media' })

  const own = await run({ action: 'cancel', filter: { tag: 'within' } }, ofQueues)
  await post(`/api/tasks/${within[0]}/retry`, {}, admin.with)
  await service.api.app.inject({
    ...{ method: 'PATCH', url: `/api/tasks/${within[0]}`, headers: admin.with, payload: { queue: 'media' } }
  })
  const again = await run({ action: 'retry', filter: { tag: 'within', status: 'PENDING' } }, ofQueues)
  t.match([own.done, again.done], [1, 0])

  await post('/api/queues/high_priority/pause', {}, admin.with)
  const waiting = (await post(url, { action: 'cancel', filter: { tag: 'undone' } }, admin.with)).json()
  await refused(t, 'kinds', ofKinds, `${url}/${waiting.id}/abort`)
  await refused(t, 'queues', ofQueues, `${url}/${waiting.id}/abort`)
  t.match((await get(`${url}/${waiting.id}`, admin.with)).json(), { status: 'waiting' })
  await post('/api/queues/high_priority/resume', {}, admin.with)
})

t.test('an undo passes over a task that has moved beyond the limits of its key since', async t => {
  const key = await make({ scopes: ['read', 'operate'], limits: { queues: ['low_priority'] } })
  const ids = [await submit('since'), await submit('since')]
  const cancelled = await run({ action: 'cancel', filter: { tag: 'since' } }, key)
  t.equal(cancelled.done, 2)
  await post(`/api/tasks/${ids[0]}/retry`, {}, admin.with)
  await service.api.app.inject({
    ...{ method: 'PATCH', url: `/api/tasks/${ids[0]}`, headers: admin.with, payload: { queue: 'media' } }
  })
  await post(`/api/tasks/${ids[0]}/cancel`, {}, admin.with)
  const back = await run({}, key, `${url}/${cancelled.id}/undo`)
  t.match(back, { done: 1, skipped: [{ reason: 'beyond_limits', count: 1 }] })
  t.strictSame(await Promise.all(ids.map(stateOf)), ['REVOKED', 'PENDING'])
})

t.test('internal kinds are for admin, one by one and by the thousand', async t => {
  const key = await make({ preset: 'operator' })
  const task = 'expire_keys'
  const args = {}
  const { id } = (await post('/api/tasks', { task, args, countdown: 3600, tags: ['ours'] }, admin.with)).json()
  for (const [path, body] of [
    [url, { action: 'cancel', filter: { task } }],
    [url, { action: 'cancel', filter: { task: `add,${task}` }, dry_run: true }],
    [`/api/tasks/${id}/cancel`, {}],
    [`/api/tasks/${id}/retry`, {}]
  ] as const) {
    const answer = await post(path, body, key.with)
    t.match([answer.statusCode, answer.json()], [403, { code: 'KIND_INTERNAL' }], path)
  }
  for (const method of ['PATCH', 'DELETE'] as const) {
    const payload = method === 'PATCH' ? { payload: { priority: 1 } } : {}
    const answer = await service.api.app.inject({ method, url: `/api/tasks/${id}`, headers: key.with, ...payload })
    t.match([answer.statusCode, answer.json()], [403, { code: 'KIND_INTERNAL' }], method)
  }
  t.equal(await stateOf(id), 'PENDING')
  // The schedule of the kind may have submitted another one.
  const done = await run({ action: 'cancel', filter: { task, tag: 'ours' } })
  t.equal(done.done, 1, 'admin may')
  t.match((await post(`${url}/${done.id}/undo`, {}, key.with)).json(), { code: 'KIND_INTERNAL' })
  t.equal(await stateOf(id), 'REVOKED')
})

t.test('a key that sees only its own does not see operations of others', async t => {
  const mine = await make({ scopes: ['read', 'submit', 'operate'], limits: { own: true } })
  const [own, foreign] = [await submit('own', mine), await submit('own')]
  const theirs = await run({ action: 'retry', filter: { tag: 'own' } })
  const ours = await run({ action: 'cancel', filter: { tag: 'own' } }, mine)
  t.strictSame([await stateOf(own), await stateOf(foreign)], ['REVOKED', 'PENDING'])
  const { items } = (await get(url, mine.with)).json()
  t.strictSame(
    items.map(({ id }: { id: string }) => id),
    [ours.id]
  )
  for (const path of ['', '/undo', '/abort']) {
    const answer =
      path === ''
        ? await get(`${url}/${theirs.id}`, mine.with)
        : await post(`${url}/${theirs.id}${path}`, {}, mine.with)
    t.equal(answer.statusCode, 404, path)
  }
})
