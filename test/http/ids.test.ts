import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { leftovers } from '../harness/leftovers.ts'
import { openService } from '../harness/service.ts'

t.test("a video's id may be in capitals, at every address", async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep('film')
  const loud = id.toUpperCase()

  t.match((await service.get(`/api/videos/${loud}`)).json(), { id, renditions: [{ name: '480p' }, {}, {}] })
  t.match((await service.get(`/api/videos/${loud}/status`)).json(), { video_id: id })
  t.equal((await service.get(`/api/videos/${loud}/files/original`)).body, 'film')
  t.strictSame((await service.get(`/status/${loud}/`)).json(), { processed: false })
  t.strictSame((await service.post(`/api/videos/${loud}/process`)).json(), { task_id })
  t.match((await service.post('/process-video/', { video_id: loud })).json(), { task_id })

  t.equal((await service.delete(`/api/videos/${loud}`)).statusCode, 204)
  t.match(await leftovers(service), { folders: [], videos: 0 })
})

t.test("a task's id may be in capitals, also in a wait and a cancellation", async t => {
  const service = await openService(t, { worker: true })
  const short = await service.submit('process_data', { data: 'a' })
  const long = await service.submit('sleep', { seconds: 60 })
  await service.until(long, ({ state }) => state === 'STARTED')

  const done = await service.get(`/api/tasks/${short.toUpperCase()}?wait=10`)
  const status = await service.get(`/api/tasks/${short.toUpperCase()}/status`)
  const cancelled = await service.post(`/api/tasks/${long.toUpperCase()}/cancel?wait=10`)

  t.match(done.json(), { id: short, state: 'SUCCESS' })
  t.match(status.json(), { task_id: short, state: 'SUCCESS' })
  t.equal(cancelled.statusCode, 200)
  t.match(cancelled.json(), { id: long, state: 'REVOKED' })
})

t.test('the arguments of a task may name a video in capitals', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep(await shoot())
  await service.post(`/api/tasks/${task_id}/cancel`)
  const loud = id.toUpperCase()

  const again = (await service.post('/process-video/', { video_id: loud })).json().task_id
  t.match((await service.post(`/api/tasks/${again}/cancel`)).json(), { args: { video_id: id } })
  const typed = await service.submit('process_video', { video_id: loud })
  await service.startWorker()

  t.match(await service.finished(typed), { state: 'SUCCESS' })
  t.match(await leftovers(service), { folders: [id] })
  const { renditions } = (await service.get(`/api/videos/${id}`)).json()
  const { url } = renditions.find((print: any) => print.status === 'ready')
  t.equal((await service.get(url)).statusCode, 200)
})

t.test('nothing has an id with a NUL', async t => {
  const service = await openService(t)
  const { paths } = (await service.get('/openapi.json')).json() as { paths: Record<string, object> }
  const named = Object.entries(paths).filter(([path]) => path.includes('{'))
  t.ok(named.length > 40)

  for (const [path, operations] of named) {
    for (const method of Object.keys(operations)) {
      const url = path.replaceAll(/\{\w+\}/g, 'a%00b')
      const payload = ['post', 'patch'].includes(method) ? {} : undefined
      const { statusCode } = await service.api.app.inject({ method: method as 'GET', url, payload })
      t.ok(statusCode < 500, `${statusCode} of ${method} ${path}`)
    }
  }
})
