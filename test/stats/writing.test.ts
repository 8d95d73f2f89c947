import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { openCells } from '../../src/stats/cells.ts'
import { sample } from '../../src/stats/sample.ts'
import { writeMinutes } from '../../src/stats/write.ts'
import { borrowDatabase } from '../harness/database.ts'
import { openProxy } from '../harness/proxy.ts'
import { openService, type Service } from '../harness/service.ts'
import { until } from '../harness/until.ts'

const lane = { task: 'add', queue: 'default' }
const minute = Date.UTC(2030, 0, 1)

async function counts({ db }: Service, task = 'add') {
  const { rows } = await db.pool.query(
    `select coalesce(sum(started), 0)::int as started, coalesce(sum(succeeded), 0)::int as succeeded
     from darkroom.minutes where task = $1`,
    [task]
  )
  return rows[0]
}

t.test('a worker that stops writes what it has counted', async t => {
  const service = await openService(t)
  const worker = await service.startWorker()
  const ids = await Promise.all(Array.from({ length: 5 }, () => service.submit('add', { x: 1, y: 1 })))
  for (const id of ids) await service.finished(id)

  await worker.stop(5)

  t.strictSame(await counts(service), { started: 5, succeeded: 5 })
})

t.test('what an outage keeps from being written is added afterwards', async t => {
  const url = await borrowDatabase(t)
  const proxy = await openProxy(t, url)
  const service = await openService(t, { env: { DATABASE_URL: url } })
  await service.startWorker({ DATABASE_URL: proxy.url })
  t.not(proxy.url, url)
  const id = await service.submit('sleep', { seconds: 2 })
  await service.until(id, ({ state }) => state === 'STARTED')
  proxy.cut()
  await delay(4_000)
  proxy.restore()

  await service.finished(id)
  await until(async () => (await counts(service, 'sleep')).succeeded === 1, 'it is counted')
  t.ok((await counts(service, 'sleep')).started >= 1)
})

t.test('counts in memory', async t => {
  t.test('are bounded, and say how many are lost', async t => {
    const cells = openCells(2)
    for (const task of ['a', 'b', 'c', 'a', 'd']) cells.count(minute, { task, queue: 'q' }, 'failed')

    t.equal(cells.takeDropped(), 2)
    t.equal(cells.takeDropped(), 0)
    t.match(cells.take(), [
      { task: 'a', failed: 2 },
      { task: 'b', failed: 1 }
    ])
    t.equal(cells.size, 0)
  })

  t.test('that could not be written are added to later ones', async t => {
    const cells = openCells()
    cells.count(minute, lane, 'started')
    cells.time(minute, lane, 'run_hist', 5)
    const taken = cells.take()
    cells.count(minute, lane, 'started')
    cells.time(minute, lane, 'run_hist', 5)
    cells.time(minute, lane, 'wait_hist', 0)
    cells.putBack(taken)

    const [cell] = cells.take()
    t.match(cell, { started: 2, succeeded: 0 })
    t.strictSame([cell!.run_hist[2], cell!.wait_hist[0], cell!.wait_hist.length], [2, 1, 21])
  })
})

t.test('many processes write the same minutes at once', async t => {
  const { db } = await openService(t)
  const now = Date.now()
  const lanes = Array.from({ length: 40 }, (_, n) => ({ task: `kind${n}`, queue: 'default' }))
  const write = async (turn: number) => {
    const cells = openCells()
    // Each in an order of its own.
    for (const each of [...lanes.slice(turn), ...lanes.slice(0, turn)]) {
      cells.count(now - (now % 60_000), each, 'succeeded')
      cells.time(now - (now % 60_000), each, 'run_hist', 1)
    }
    await writeMinutes(db.pool, cells.take())
  }

  await Promise.all(Array.from({ length: 200 }, (_, turn) => write(turn % 40)))

  const { rows } = await db.pool.query(
    `select succeeded, run_hist[1] as first, count(*)::int from darkroom.minutes where task like 'kind%' group by 1, 2`
  )
  t.strictSame(rows, [{ succeeded: 200, first: 200, count: 40 }])
})

t.test('a write of hours ago is dropped: its hour is summed up', async t => {
  const { db } = await openService(t)
  const cells = openCells()
  cells.count(Date.now() - 3 * 3_600_000, lane, 'failed')

  const time = await writeMinutes(db.pool, cells.take())

  t.ok(Math.abs(time.getTime() - Date.now()) < 60_000, 'it returns the time of the database')
  t.strictSame((await db.pool.query('select from darkroom.minutes where failed > 0')).rows, [])
})

t.test('one process of all samples the queues, each ten seconds', async t => {
  const service = await openService(t)
  const { pool } = service.db
  const next = async () =>
    (await pool.query('select distinct next_sample_at as at from darkroom.queue_minutes order by 1 desc limit 1'))
      .rows[0]?.at
  const first = await until(next, 'there is a sample')

  await Promise.all(Array.from({ length: 8 }, () => sample(pool)))
  t.strictSame(await next(), first, 'none is due')

  await service.post('/api/tasks', { task: 'add', args: { x: 1, y: 1 } })
  await pool.query(`update darkroom.queue_minutes set next_sample_at = now(), running = 3`)
  await Promise.all(Array.from({ length: 8 }, () => sample(pool)))
  t.ok((await next()) > first)
  const { rows } = await pool.query(
    `select depth, oldest > 0 as waits, running from darkroom.queue_minutes where queue = 'default' order by minute desc limit 1`
  )
  t.match(rows, [{ depth: 1, waits: true }], 'a minute keeps its largest values')
})
