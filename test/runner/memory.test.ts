import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { gate } from '../harness/gate.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'

const folder = await taskFolder(t, {
  ...gate,
  'hungry.ts': taskModule(
    'hungry',
    `if (attempt > 1) return 'well'
     for (const kept = []; ; ) kept.push(new Array(10_000).fill(attempt))`
  )
})

t.test('a task that fills its memory is a crash, and the one beside it does not notice', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  // To fill the usual four gigabytes takes many seconds, and a machine that has them.
  await service.startWorker({ WORKER_CONCURRENCY: '2', NODE_OPTIONS: '--max-old-space-size=40' })
  const open = path.join(service.dataDir, 'open')
  const beside = await service.submit('gate', { gate: open })
  await service.until(beside, ({ state }) => state === 'STARTED')

  const hungry = await service.finished(await service.submit('hungry', {}, { max_retries: 0 }))
  await writeFile(open, '')

  t.match(hungry, { state: 'SUCCESS', result: 'well', attempts: 2 })
  const { items } = (await service.get(`/api/tasks/${hungry.id}/attempts`)).json()
  t.match(items, [
    { outcome: 'crashed', exit_code: null, signal: 'SIGABRT', error: { message: /SIGABRT/ }, stderr: /out of memory/ },
    { outcome: 'success' }
  ])
  t.match(await service.finished(beside), { state: 'SUCCESS', result: 1, attempts: 1 })
})
