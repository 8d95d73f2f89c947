import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { readLogSql } from '../../../src/tasks/log/read.ts'
import { openService } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'
import { until } from '../../harness/until.ts'
import { spawnWorker } from '../../harness/worker-process.ts'
import { readFrames } from './frames.ts'

const wait = `const { existsSync } = await import('node:fs')
  const gate = name => args.gate + name
  const open = async name => { while (!existsSync(gate(name))) await delay(20, undefined, { signal }) }`
const folder = await taskFolder(t, {
  'speaks.ts': taskModule(
    'speaks',
    `${wait}
     log('first line')
     console.log('printed é \\u0000 \\ud800 \\u001b[31mred')
     await open('more')
     log('second line')
     await open('end')
     console.error('last words')
     if (attempt === 1 && args.fail) throw new Error('once more')`,
    'max_retries: 1, retry_delay: 0'
  ),
  'closes.ts': taskModule('closes', `console.log('the end'); process.stdout.end(); return 1`),
  'floods.ts': taskModule('floods', `for (let n = 0; n < 20_000; n++) console.log('line ' + n + ' '.repeat(50))`)
})
const service = await openService(t, { env: { TASKS_DIR: folder }, worker: true })
const address = await service.listen()
let gates = 0
const newGate = () => path.join(service.dataDir, `gate-${++gates}-`)

const logOf = async (id: string, query = '') => (await service.get(`/api/tasks/${id}/log${query}`)).json()

/** What was read up to each event is given to `onText`. */
function follow(id: string, onText: (text: string) => void, headers = {}, query = '') {
  let text = ''
  return readFrames(
    address,
    id,
    headers,
    more => {
      text += more
      onText(text)
    },
    query
  )
}

t.test('what a running body says is there within a second or so, and followers get each line once', async t => {
  const gate = newGate()
  const id = await service.submit('speaks', { gate })

  const running = await until(async () => {
    const { items } = await logOf(id)
    return items[0]?.text.includes('printed') && items
  }, 'its first lines are there')
  let isSent = false
  const story = await follow(id, text => {
    if (text.includes('first line') && !isSent) {
      isSent = true
      void writeFile(`${gate}more`, '')
    }
    if (text.includes('second line')) void writeFile(`${gate}end`, '')
  })

  t.match(running, [{ attempt: 1, from: 0, ended: false, text: /^first line\n/ }])
  t.match((await service.get(`/api/tasks/${id}/attempts`)).json().items, [{ stderr: /first line/ }])
  t.equal(story.type, 'text/event-stream')
  t.ok(story.ended)
  const all = (await logOf(id)).items[0]
  t.match(all, { attempt: 1, from: 0, ended: true })
  t.equal(story.text, all.text, 'a follower has read it all, and nothing twice')
  for (const word of ['first line', 'printed é', 'second line', 'last words']) t.equal(all.text.split(word).length, 2)
  t.notMatch(all.text, /\0/)

  const rest = await follow(id, () => {}, { 'last-event-id': story.ids[0] })
  t.equal(rest.text, all.text.slice(Number(story.ids[0]!.split(':')[1])), 'it goes on after the last event')
  for (const last of story.ids.slice(-2)) {
    const again = await follow(id, () => {}, { 'last-event-id': last })
    t.match(
      again,
      { status: 204, text: '', ended: false },
      `a browser that comes back after ${last} is told to stay away`
    )
  }
  const plain = await service.get(`/api/tasks/${id}/log`, { accept: 'text/plain' })
  t.match(plain.headers['content-type'], /^text\/plain/)
  t.equal(plain.body, all.text)
  const { rows } = await service.db.pool.query('select stderr from ops.attempts where task_id = $1', [id])
  t.strictSame(rows, [{ stderr: all.text }])
})

t.test('the attempts of a task are kept apart, and one can be asked for', async t => {
  const gate = newGate()
  await writeFile(`${gate}more`, '')
  await writeFile(`${gate}end`, '')
  const id = await service.submit('speaks', { gate, fail: true })
  await service.finished(id)

  const { items } = await logOf(id)
  t.match(items, [
    { attempt: 1, ended: true, text: /last words/ },
    { attempt: 2, ended: true, text: /last words/ }
  ])
  t.strictSame((await logOf(id, '?attempt=2')).items, [items[1]])
  t.strictSame((await logOf(id, '?attempt=3')).items, [])
  t.equal((await follow(id, () => {}, {}, '?attempt=1')).text, items[0].text)
  t.match((await service.get(`/api/tasks/${id}/log`, { accept: 'text/plain' })).body, /--- attempt 2\n/)
})

t.test('megabytes of output are cut to their end', async t => {
  const id = await service.submit('floods', {})
  t.match(await service.finished(id), { state: 'SUCCESS' })
  const [item] = (await logOf(id)).items
  t.match(item, { ended: true, text: /line 19999 +\n$/ })
  t.equal(item.text.length, 8_192)
})

t.test('a body may close its output', async t => {
  const id = await service.submit('closes', {})
  t.match(await service.finished(id), { state: 'SUCCESS', attempts: 1 })
  t.match((await logOf(id)).items, [{ text: 'the end\n' }])
})

t.test('inline bodies have a log, too', async t => {
  await service.submit('add', { x: 1, y: 2 })
  const { rows } = await service.db.pool.query(`select 1 from darkroom.kinds where name = 'sweep' and pool = 'inline'`)
  t.equal(rows.length, 1)
  const { task_id } = (await service.post('/api/schedules/sweep/run')).json()
  await service.finished(task_id)
  t.match((await logOf(task_id)).items, [{ attempt: 1, ended: true, text: /^swept /m }])
})

t.test('what a killed worker has written of an attempt stays', async t => {
  const mine = await openService(t, { env: { TASKS_DIR: folder } })
  const worker = await spawnWorker(t, mine)
  const id = await mine.submit('speaks', { gate: path.join(mine.dataDir, 'never') }, { max_retries: 0 })
  const text = async () => (await mine.get(`/api/tasks/${id}/log`)).json().items[0]?.text as string | undefined
  await until(async () => (await text())?.includes('printed'), 'it is written')

  worker.kill('SIGKILL')
  await worker.exited
  await mine.db.pool.query(`update darkroom.workers set heartbeat_at = now() - interval '1 minute'`)
  await mine.db.pool.query(`update darkroom.attempt_logs set at = now() - interval '2 hours'`)

  t.match(await text(), /^first line/)
})

t.test('a browser that has read the end stays away, also where there was nothing to read', async t => {
  const id = await service.submit('add', { x: 1, y: 2 })
  await service.finished(id)

  const { ids, ended } = await follow(id, () => {})

  t.ok(ended)
  t.strictSame(ids, ['0:0:end'])
  t.match(await follow(id, () => {}, { 'last-event-id': ids[0] }), { status: 204, ended: false })
  t.match(await follow(id, () => {}, { 'last-event-id': '' }), { status: 200, ended: true })
})

t.test('bad requests are refused, and a task that never ran has no log', async t => {
  const waiting = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })
  t.strictSame(await logOf(waiting), { items: [] })
  for (const [url, status] of [
    [`/api/tasks/${waiting}/log?attempt=0`, 400],
    [`/api/tasks/${waiting}/log?attempt=x`, 400],
    [`/api/tasks/${waiting}/log?attempts=1`, 400],
    ['/api/tasks/01980000-0000-7000-8000-000000000000/log', 404],
    ['/api/tasks/nonsense/log', 404]
  ] as const) {
    t.equal((await service.get(url)).statusCode, status, url)
  }
  const headers = { accept: 'text/event-stream', 'last-event-id': 'nonsense' }
  t.equal((await service.get(`/api/tasks/${waiting}/log`, headers)).statusCode, 400)
})

t.test('it is read through indexes', async t => {
  const values = ["'01980000-0000-7000-8000-000000000000'", 'null', '0']
  const text = readLogSql.replaceAll(/\$(\d)/g, (_, number) => values[number - 1]!)
  const client = await service.db.pool.connect()
  // A table of a few rows is read as a whole once autovacuum has counted them.
  await client.query('begin; set local enable_seqscan = off')
  const { rows } = await client.query(`explain ${text}`)
  await client.query('rollback')
  client.release()
  t.notMatch(rows.map(row => row['QUERY PLAN']).join('\n'), /Seq Scan/)
})
