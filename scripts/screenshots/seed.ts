import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'

/** Ids of what the pages show. */
export interface Seeded {
  task: string
  failed: string
  running: string
  waiting: string
  film: string
  schedule: string
  worker: string
}

// Too many at midnight, as everywhere.
const schedules = [
  ['close the day', '0 0 * * *', 'report'],
  ['mirror the shop', '0 0 * * *', 'import_catalogue'],
  ['clean the cache', '0 0 * * *', 'report'],
  ['stock', '0 */6 * * *', 'import_catalogue'],
  ['prices', '15 8-18 * * MON-FRI', 'import_catalogue'],
  ['week in review', '0 7 * * MON', 'report']
] as const

/** A service as it is on an ordinary day: work done, failed, running and waiting, a day of charts. */
export async function seed(address: string, url: string): Promise<Seeded> {
  const send = async (path: string, body?: object, method = 'POST') => {
    const answer = await fetch(address + path, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`)
    return (await answer.json()) as any
  }
  const submit = async (task: string, args: object, more = {}) => (await send('/api/tasks', { task, args, ...more })).id

  const film = await upload(address, 'holiday in the alps.mp4', 6)
  await upload(address, 'talk 2026-11 keynote.mp4', 3)
  const bad = new FormData()
  bad.set('video', new File(['this is no film'], 'notes.mp4'))
  await fetch(`${address}/api/videos`, { method: 'POST', body: bad })

  const tasks = []
  for (let at = 0; at < 60; at++) {
    tasks.push({
      task: 'report',
      args: { customer: `c${at % 20}`, month: 1 + (at % 12) },
      tags: at % 3 ? ['monthly'] : []
    })
    if (at % 4 === 0) tasks.push({ task: 'add', args: { x: at, y: 2 }, name: at % 8 ? undefined : `sum ${at}` })
  }
  await send('/api/tasks/bulk', { tasks })
  await settled(address)
  const done = (await get(address, '/api/tasks?task=report&state=SUCCESS&limit=1')).items[0].id
  const failed = (await get(address, '/api/tasks?task=report&state=FAILURE&limit=1')).items[0].id

  const running = await submit(
    'import_catalogue',
    { source: 's3://shop/catalogue-2026-11.csv', rows: 900 },
    { name: 'winter catalogue' }
  )
  await submit('import_catalogue', { source: 's3://shop/prices.csv', rows: 2000 })
  await submit('sleep', { seconds: 900 }, { tags: ['slow'] })
  await submit('report', { customer: 'c7', month: 12 }, { countdown: 86_400, name: 'year in review' })
  await submit('report', { customer: 'c9', month: 12 }, { countdown: 3600 })
  await send('/api/queues/low_priority/pause')
  const waiting = await submit('report', { customer: 'c3', month: 2 }, { queue: 'low_priority', priority: 4 })
  await submit('report', { customer: 'c4', month: 2 }, { queue: 'low_priority' })
  const cancelled = await submit('add', { x: 1, y: 1 }, { countdown: 600 })
  await send(`/api/tasks/${cancelled}/cancel`)

  const schedule = (
    await send('/api/schedules', {
      ...{ name: 'nightly report', task: 'report', args: { customer: 'c1', month: 11 }, cron: '30 2 * * *' },
      ...{
        timezone: 'Europe/Berlin',
        description: 'For the shop, before the mails go out',
        overlap: 'skip',
        missed: 'once'
      }
    })
  ).id
  await send('/api/schedules', { name: 'ping', task: 'add', args: { x: 1, y: 1 }, every: 60 })
  await send('/api/schedules', {
    name: 'weekly import',
    task: 'import_catalogue',
    args: { source: 's3://shop/all.csv', rows: 10 },
    cron: '0 6 * * MON',
    enabled: false
  })
  for (const [name, cron, task] of schedules) {
    const args = task === 'report' ? { customer: 'c2', month: 11 } : { source: 's3://shop/stock.csv', rows: 10 }
    await send('/api/schedules', { name, cron, task, args, timezone: 'Europe/Berlin' })
  }
  await send(`/api/schedules/${schedule}/run`)
  await history(url, schedule)
  const worker = (await get(address, '/api/workers')).items[0].id
  await waitFor(async () => (await get(address, `/api/videos/${film}`)).status === 'ready')
  return { task: done, failed, running, waiting, film, schedule, worker }
}

async function get(address: string, path: string): Promise<any> {
  return (await fetch(address + path)).json()
}

async function settled(address: string) {
  await waitFor(async () => (await get(address, '/api/tasks?task=report&state=PENDING&limit=1')).items.length === 0)
  await waitFor(async () => (await get(address, '/api/tasks?task=report&state=STARTED&limit=1')).items.length === 0)
  await waitFor(async () => (await get(address, '/api/tasks?task=report&state=RETRY&limit=1')).items.length === 0)
}

async function waitFor(condition: () => Promise<boolean>) {
  for (let tries = 0; tries < 600; tries++) {
    if (await condition()) return
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  throw new Error('the service did not get there')
}

async function upload(address: string, name: string, seconds: number): Promise<string> {
  const file = path.join(tmpdir(), `darkroom-${process.pid}.mp4`)
  const picture = `mandelbrot=size=1280x720:rate=24`
  const input = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', 'sine=frequency=220']
  const output = ['-t', String(seconds), '-pix_fmt', 'yuv420p', '-preset', 'ultrafast', file]
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-y', ...input, ...output])
  const form = new FormData()
  form.set('video', new File([await readFile(file)], name, { type: 'video/mp4' }))
  await rm(file)
  const answer = await fetch(`${address}/api/videos`, { method: 'POST', body: form })
  return ((await answer.json()) as { id: string }).id
}

/** A day of charts and a month of occurrences, as if the service had run all the time. */
async function history(url: string, schedule: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`
    insert into darkroom.minutes (minute, task, queue, created, started, succeeded, failed, retried, cancelled)
    select minute, 'report', 'default', n, n, n - n / 12, n / 12, n / 20, 0
    from (
      select minute, (20 + 18 * sin(extract(epoch from minute) / 9000) + 8 * random())::int as n
      from generate_series(date_trunc('minute', now()) - interval '24 hours', now() - interval '5 minutes', interval '1 minute') minute
    ) each
    on conflict do nothing`)
  await client.query(`
    insert into darkroom.queue_minutes (minute, queue, depth, oldest, running, next_sample_at)
    select minute, 'default', (4 + 4 * sin(extract(epoch from minute) / 4000) + 3 * random())::int, 2 + 3 * random(), 3, now()
    from generate_series(date_trunc('minute', now()) - interval '24 hours', now() - interval '5 minutes', interval '1 minute') minute
    on conflict do nothing`)
  await client.query(
    `insert into darkroom.occurrences (schedule_id, due_at, outcome, reason, task_id, decided_at)
     select $1, due_at, outcome, reason, case when outcome = 'fired' then gen_random_uuid() end,
       due_at + case when day = 7 then interval '42 s' else interval '20 ms' end
     from (
       select day, date_trunc('day', now()) - day * interval '1 day' + interval '1 hour 30 minutes' as due_at,
         case when day in (4, 11) then 'skipped' else 'fired' end as outcome,
         case day when 4 then 'overlap' when 11 then 'missed' end as reason
       from generate_series(1, 28) day
     ) each
     on conflict do nothing`,
    [schedule]
  )
  await client.end()
}
