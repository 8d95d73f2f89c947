import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { openService } from '../harness/service.ts'
import { inlineModule, taskFolder } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'

t.test('bodies that hold all their connections make no worker look dead, and delay no outcome', async t => {
  const TASKS_DIR = await taskFolder(t, {
    'greedy.ts': inlineModule(
      'greedy',
      `const held = []
       for (let n = 0; n < 10; n++) db.pool.connect().then(client => held.push(client), () => {})
       progress(0.5)
       while (!existsSync(args.gate)) await delay(20, undefined, { signal })
       for (const client of held) client.release()
       return held.length`
    )
  })
  const service = await openService(t, { env: { TASKS_DIR } })
  const { id: worker } = await service.startWorker()
  const gate = path.join(service.dataDir, 'gate')
  const greedy = await service.submit('greedy', { gate })
  await service.until(greedy, ({ progress }) => progress === 0.5)
  const since = (await service.db.pool.query('select clock_timestamp() as now')).rows[0].now

  for (let turn = 0; turn < 3; turn++) {
    t.match(await service.finished(await service.submit('add', { x: turn, y: 1 })), { state: 'SUCCESS' })
  }
  await until(async () => {
    const { rows } = await service.db.pool.query('select heartbeat_at, status from darkroom.workers where id = $1', [
      worker
    ])
    return rows[0].status === 'running' && rows[0].heartbeat_at > since
  }, 'a heartbeat comes through')

  await writeFile(gate, '')
  t.match(await service.finished(greedy), { state: 'SUCCESS', attempts: 1, worker })
})
