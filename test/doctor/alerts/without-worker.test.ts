import t from 'tap'
import { addWebhook, local, openReceiver } from '../../harness/receiver.ts'
import { openService } from '../../harness/service.ts'
import { until } from '../../harness/until.ts'

t.test('that no worker runs is told all the same, and by an API that tells nothing else', async t => {
  const service = await openService(t, { env: local })
  const { pool } = service.db
  const { url, received, got } = await openReceiver(t)
  const { id } = await addWebhook(service, url, { types: ['problem.opened', 'task.cancelled'] })
  const task = await service.submit('add', { x: 1, y: 2 })
  await service.post(`/api/tasks/${task}/cancel`)

  // Looks are those of the service itself; only time is moved.
  await until(async () => {
    const { rowCount } = await pool.query(
      `update darkroom.problems set first_seen_at = first_seen_at - interval '31 s' where code = 'no_workers'`
    )
    return rowCount === 1
  }, 'a look finds that there is no worker')
  const [told] = await got(1)
  t.match(told!.body, { type: 'problem.opened', data: { code: 'no_workers', severity: 'critical' } })

  await service.startWorker()
  const [, ended] = await got(2)
  t.match(ended!.body, { type: 'task.cancelled', data: { id: task } }, 'the other messages are for workers')
  t.match((await service.get(`/api/webhooks/${id}/deliveries`)).json(), { items: { length: 2 } })
  t.equal(received.length, 2)
})
