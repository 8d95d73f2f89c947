import t from 'tap'
import { openService } from '../harness/service.ts'

t.test('a task is answered at once and done soon after', async t => {
  const service = await openService(t, { worker: true })

  const response = await service.post('/api/tasks', { task: 'add', args: { x: 4, y: 6 } })

  t.equal(response.statusCode, 201)
  const submitted = response.json()
  t.equal(response.headers.location, `/api/tasks/${submitted.id}`)
  t.match(submitted, { task: 'add', state: 'PENDING', status: 'PENDING', attempts: 0, result: null })
  t.match(await service.finished(submitted.id), {
    state: 'SUCCESS',
    status: 'COMPLETED',
    result: 10,
    attempts: 1,
    progress: 1
  })
})
