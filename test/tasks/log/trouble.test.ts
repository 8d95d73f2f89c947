import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import t from 'tap'
import { borrowDatabase } from '../../harness/database.ts'
import { openProxy } from '../../harness/proxy.ts'
import { openService } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'
import { until } from '../../harness/until.ts'
import { readFrames } from './frames.ts'

const folder = await taskFolder(t, {
  'speaks.ts': taskModule(
    'speaks',
    `const { existsSync, writeFileSync } = await import('node:fs')
     log('first line')
     writeFileSync(args.gate + 'begun', '')
     while (!existsSync(args.gate + 'more')) await delay(20, undefined, { signal })
     log('second line')
     while (!existsSync(args.gate + 'end')) await delay(20, undefined, { signal })
     log('last words')`,
    'max_retries: 0'
  )
})
const env = { TASKS_DIR: folder }
const nobody = '01980000-0000-7000-8000-000000000000'

t.test('the cleanup removes what was said an hour ago, where the attempt or no task has it', async t => {
  const service = await openService(t, { env, worker: true })
  const gate = path.join(service.dataDir, 'gate-')
  for (const name of ['more', 'end']) await writeFile(gate + name, '')
  const ended = await service.submit('speaks', { gate })
  const recent = await service.submit('speaks', { gate })
  for (const id of [ended, recent]) await service.finished(id)
  const lost = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })
  const write = (id: string, hours: number) =>
    service.db.pool.query(
      `insert into darkroom.attempt_logs (task_id, attempt, said, tail, at)
      values ($1, 1, 5, 'hello', now() - $2 * interval '1 hour')
      on conflict (task_id, attempt) do update set at = excluded.at`,
      [id, hours]
    )
  for (const id of [ended, nobody, lost]) await write(id, 1.1)
  await write(recent, 0.9)

  t.match(await service.finished(await service.submit('expire_results')), { result: { logs: 2 } })

  const { rows } = await service.db.pool.query('select task_id from darkroom.attempt_logs where at < now() order by 1')
  t.strictSame(rows.map(({ task_id }) => task_id).sort(), [recent, lost].sort())
  t.match((await service.get(`/api/tasks/${ended}/log`)).json().items, [{ text: /^first line\n.*last words\n$/s }])
})

t.test('a follower reads on when the database is back, and has each line once', async t => {
  const url = await borrowDatabase(t)
  const proxy = await openProxy(t, url)
  const service = await openService(t, { env: { ...env, DATABASE_URL: proxy.url } })
  const address = await service.listen()
  const other = await openService(t, { env: { ...env, DATABASE_URL: url, DATA_DIR: service.dataDir }, worker: true })
  const gate = path.join(service.dataDir, 'gate-')
  const id = await other.submit('speaks', { gate })
  const said = `select from darkroom.attempt_logs where task_id = $1 and tail like '%' || $2 || '%'`
  const isSaid = async (text: string) => (await other.db.pool.query(said, [id, text])).rowCount === 1

  let text = ''
  const story = readFrames(address, id, {}, more => {
    text += more
  })
  await until(() => text.includes('first line'), 'it follows')
  proxy.cut()
  await writeFile(`${gate}more`, '')
  await until(() => isSaid('second line'), 'it is said meanwhile')
  const before = proxy.refused()
  await until(() => proxy.refused() > before, 'the API has looked in vain')
  t.notMatch(text, /second/)
  proxy.restore()
  await until(() => text.includes('second line'), 'it is read afterwards')
  await writeFile(`${gate}end`, '')

  t.match(await story, { ended: true, text: 'first line\nsecond line\nlast words\n' })
})

t.test('a lock on the logs delays neither an outcome nor the stop of a worker', async t => {
  const warnings: string[] = []
  const service = await openService(t, { env: { ...env, LOG_LEVEL: 'info' }, hear: line => warnings.push(line.msg) })
  const worker = await service.startWorker()
  const gate = path.join(service.dataDir, 'gate-')
  const id = await service.submit('speaks', { gate })
  await service.until(id, ({ state }) => state === 'STARTED')
  const admin = new pg.Client({ connectionString: service.url })
  await admin.connect()
  t.teardown(() => admin.end())
  await admin.query('begin; lock table darkroom.attempt_logs')

  await writeFile(`${gate}more`, '')
  await until(() => warnings.some(line => /^what attempts say could not be written/.test(line)), 'the worker says so')
  await writeFile(`${gate}end`, '')
  t.match(await service.finished(id), { state: 'SUCCESS' })
  const held = await service.submit('speaks', { gate: path.join(service.dataDir, 'never-') })
  // An attempt whose body has not begun is given back, without an outcome.
  await until(() => existsSync(path.join(service.dataDir, 'never-begun')), 'its body has begun')
  await worker.stop(0)

  const text = 'select task_id, outcome, stderr from darkroom.attempts where task_id = any($1) order by task_id'
  const { rows } = await admin.query(text, [[id, held]])
  t.match(rows, [
    { task_id: id, outcome: 'success', stderr: 'first line\nsecond line\nlast words\n' },
    { task_id: held, outcome: 'shutdown' }
  ])
  await admin.query('rollback')
})
