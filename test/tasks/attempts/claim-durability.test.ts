import { randomUUID } from 'node:crypto'
import t from 'tap'
import { claim } from '../../../src/tasks/attempts/claim.ts'
import { register } from '../../../src/workers/presence.ts'
import { openService } from '../../harness/service.ts'

const service = await openService(t)
const { pool } = service.db
const worker = randomUUID()
const pools = { child: ['add', 'sleep'], inline: [] }
await register(pool, { id: worker, version: 'test', queues: ['default'], pools, concurrency: 1 })
// Says with which setting each claim is committed.
await pool.query(`
  create table darkroom.seen (waits text);
  create function darkroom.see() returns trigger language plpgsql security definer as
    'begin insert into darkroom.seen values (current_setting(''synchronous_commit'')); return null; end';
  create constraint trigger see after update on darkroom.tasks deferrable initially deferred
    for each row when (new.state = 'STARTED') execute function darkroom.see()`)

async function waits(...tasks: { task: string; max_retries: number }[]) {
  const argsOf: Record<string, unknown> = { add: { x: 1, y: 1 }, sleep: { seconds: 0 } }
  for (const { task, max_retries } of tasks) await service.submit(task, argsOf[task], { max_retries })
  const rooms = [{ queue: 'default', slots: tasks.length }]
  const { claims } = await claim(pool, { worker, rooms, most: tasks.length, keepers: ['sleep'] })
  t.equal(claims.length, tasks.length)
  const { rows } = await pool.query('delete from darkroom.seen returning waits')
  return [...new Set(rows.map(({ waits }) => waits))]
}

t.test('a claim does not wait for the disk, and nothing else of its connection is hasty', async t => {
  t.strictSame(await waits({ task: 'add', max_retries: 3 }), ['off'])
  t.strictSame((await pool.query('show synchronous_commit')).rows, [{ synchronous_commit: 'on' }])
})

t.test('the claim of a task that may run only once waits, also beside others', async t => {
  t.strictSame(await waits({ task: 'add', max_retries: 0 }), ['on'])
  t.strictSame(await waits({ task: 'add', max_retries: 3 }, { task: 'add', max_retries: 0 }), ['on'])
})

t.test('the claim of a kind that keeps files by the number of its attempt waits', async t => {
  t.strictSame(await waits({ task: 'sleep', max_retries: 3 }), ['on'])
})
