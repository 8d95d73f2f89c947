import t from 'tap'
import type { TaskBody } from '../../src/tasks/schemas.ts'
import { openService } from '../harness/service.ts'

const many = 400

t.test('tasks that are submitted at the same time run once each', async t => {
  const service = await openService(t, { worker: true })
  const address = await service.listen()
  const ask = async (path: string, body?: unknown): Promise<TaskBody> => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const response = await fetch(`${address}${path}`, body === undefined ? {} : init)
    return (await response.json()) as TaskBody
  }

  const tasks = await Promise.all(
    Array.from({ length: many }, async (_, x) => {
      const { id } = await ask('/api/tasks', { task: 'add', args: { x, y: 1 } })
      return ask(`/api/tasks/${id}?wait=60`)
    })
  )

  const wrong = tasks.filter(
    ({ state, result, attempts }, x) => state !== 'SUCCESS' || result !== x + 1 || attempts !== 1
  )
  t.strictSame(wrong, [])
  const { rows: attempts } = await service.db.pool.query(
    `select number, outcome, count(*)::int, count(distinct task_id)::int as tasks
    from darkroom.attempts join darkroom.tasks on id = task_id where task = 'add' group by 1, 2`
  )
  t.strictSame(attempts, [{ number: 1, outcome: 'success', count: many, tasks: many }])
  const { rows: ends } = await service.db.pool.query(
    `select count(*)::int, count(distinct e.task_id)::int as tasks
    from darkroom.events e join darkroom.tasks t on t.id = e.task_id where e.state = 'SUCCESS' and t.task = 'add'`
  )
  t.strictSame(ends, [{ count: many, tasks: many }])
})
