import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { redactor } from '../../../src/tasks/log/redact.ts'
import { Tail, tailLength } from '../../../src/tasks/log/tail.ts'
import { unknownKey } from '../../harness/keys.ts'
import { openService } from '../../harness/service.ts'
import { inlineModule, taskFolder, taskModule } from '../../harness/task-folder.ts'

const key = unknownKey()
const id = key.slice(5, 15)

t.test('what attempts throw, log and print names no file of the service and no secret', async t => {
  const DATA_DIR = await mkdtemp(path.join(tmpdir(), 'darkroom-data-'))
  t.teardown(() => rm(DATA_DIR, { recursive: true, force: true }))
  const body = `
    const text = args.folder + '/videos/x: ' + args.key + ' postgres://me:hunter2@db/x'
    log(text); console.error(text)
    throw new Error(text)`
  const TASKS_DIR = await taskFolder(t, {
    'child.ts': taskModule('child', body, 'max_retries: 0'),
    'inline.ts': inlineModule('inline', body, 'max_retries: 0')
  })
  const service = await openService(t, { env: { TASKS_DIR, DATA_DIR }, worker: true })
  for (const kind of ['child', 'inline']) {
    const task = await service.finished(await service.submit(kind, { folder: DATA_DIR, key }))
    const said = `DATA_DIR/videos/x: dr_k_${id}_… postgres://me:…@db/x`
    t.match(task, { state: 'FAILURE', error: { message: said } }, kind)
    const [attempt] = (await service.get(`/api/tasks/${task.id}/attempts`)).json().items
    t.match(attempt, { error: { message: said, stack: String } })
    t.ok(attempt.stderr.includes(said))
    const { rows } = await service.db.pool.query(
      `select (select string_agg(a::text, '') from darkroom.attempts a where task_id = t.id) || t.error::text
        || coalesce((select string_agg(e::text, '') from darkroom.events e where task_id = t.id), '') as text
      from darkroom.tasks t where id = $1`,
      [task.id]
    )
    for (const secret of [DATA_DIR, key.slice(-30), 'hunter2']) t.notOk(rows[0].text.includes(secret), secret)
  }
})

t.test('also where it comes in pieces, and of what only looks like it nothing is taken', t => {
  const tail = new Tail(redactor('/srv/data'))
  for (const letter of `see /srv/data/videos, ${key}\nand /srv/data2, /srv/data.old, /srv/data\n`) tail.add(letter)
  t.equal(tail.text, `see DATA_DIR/videos, dr_k_${id}_…\nand /srv/data2, /srv/data.old, DATA_DIR\n`)
  t.equal(tail.said, tail.text.length)
  tail.add(`open ${key.slice(0, 40)}`)
  t.notMatch(tail.text, key.slice(17, 39), 'a line without an end is read, too')
  const long = new Tail(redactor('/srv/data'))
  for (let n = 0; n < 100; n++) long.add('x'.repeat(1_000))
  t.equal(long.text.length, tailLength)
  t.equal(long.said, 100_000)
  t.equal(redactor('/')('/etc/passwd'), '/etc/passwd')
  t.end()
})
