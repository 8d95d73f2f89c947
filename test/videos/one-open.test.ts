import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { openService } from '../harness/service.ts'

t.test('a second open task of a film is refused by every route, with the id of the film', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep('no film')
  const other = await service.keep('another')
  const again = { task: 'process_video', args: { video_id: id } }
  const busy = { status: 409, code: 'VIDEO_BUSY', detail: new RegExp(id) }

  t.match((await service.post('/api/tasks', again)).json(), busy)
  t.match((await service.post('/api/tasks', again, { 'idempotency-key': 'a' })).json(), busy)
  t.match((await service.post('/api/tasks', { ...again, args: { video_id: id.toUpperCase() } })).json(), busy)
  const bulk = await service.post('/api/tasks/bulk', { tasks: [{ task: 'add', args: { x: 1, y: 2 } }, again] })
  t.match(bulk.json(), { ...busy, errors: [{ field: 'tasks[1].args.video_id' }] })
  t.match((await service.post(`/api/videos/${id}/process`)).json(), { task_id }, 'this answers the open one')

  await service.post(`/api/tasks/${task_id}/cancel`)
  const submitted = await service.submit('process_video', { video_id: id })
  t.match((await service.post(`/api/tasks/${task_id}/retry`)).json(), busy)
  t.match((await service.get(`/api/tasks/${task_id}`)).json(), { state: 'REVOKED' }, 'and stays what it was')
  t.match((await service.post(`/api/videos/${id}/process`)).json(), { task_id: submitted })
  t.match((await service.get(`/api/tasks/${other.task_id}`)).json(), { state: 'PENDING' })
})

t.test('of simultaneous submissions for a film one is accepted, and so are other tasks beside them', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep('no film')
  await service.post(`/api/tasks/${task_id}/cancel`)

  const responses = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      index % 3 === 0
        ? service.post('/api/tasks', { task: 'add', args: { x: 1, y: index } })
        : index % 3 === 1
          ? service.post('/api/tasks', { task: 'process_video', args: { video_id: id } })
          : service.post(`/api/videos/${id}/process`)
    )
  )

  const codes = responses.map(({ statusCode }) => statusCode)
  t.strictSame(
    codes.filter((_, index) => index % 3 === 0),
    [201, 201, 201, 201]
  )
  t.ok(codes.filter((_, index) => index % 3 === 1).every(code => code === 201 || code === 409))
  t.ok(codes.filter((_, index) => index % 3 === 2).every(code => code === 202))
  const { rows } = await service.db.pool.query(
    `select id from darkroom.tasks where video_id = $1 and finished_at is null`,
    [id]
  )
  t.equal(rows.length, 1)
})

t.test('an older task that is retried replaces the prints as a whole, and removes only those', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep(await shoot())
  await service.post(`/api/tasks/${task_id}/cancel`)
  const second = await service.submit('process_video', { video_id: id })
  await service.startWorker()
  await service.finished(second)
  const before = (await service.get(`/api/videos/${id}`)).json()

  await service.post(`/api/tasks/${task_id}/retry`)
  await service.finished(task_id)

  const after = (await service.get(`/api/videos/${id}`)).json()
  t.match(before, { status: 'ready', task_id: second })
  t.match(after, { status: 'ready', task_id })
  for (const { url } of after.renditions.filter(({ url }: any) => url !== null)) {
    t.equal((await service.get(url)).statusCode, 200, url)
  }
  const { rows } = await service.db.pool.query('select task_id from darkroom.print_sets where video_id = $1', [id])
  t.strictSame(rows, [{ task_id }])
})
