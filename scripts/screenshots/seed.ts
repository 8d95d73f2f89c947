import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { seedHooks } from './hooks.ts'
import { seedKeys } from './keys.ts'

/** Ids of what the pages show. */
export interface Seeded {
  task: string
  failed: string
  running: string
  waiting: string
  film: string
  encoding: string
  schedule: string
  worker: string
  hook: string
  /** That signs in: from the end of the seed on the service asks for one. */
  key: string
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

type Send = (path: string, body?: object, method?: string) => Promise<any>

/** A service as it is on an ordinary day: work done, failed, running and waiting, a day of charts. */
export async function seed(address: string, url: string, home: string): Promise<Seeded> {
  const send: Send = async (path, body, method = 'POST') => {
    const answer = await fetch(address + path, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`)
    return answer.json()
  }

  const film = await seedFilms(address)
  const ended = await seedEnded(address, send)
  const open = await seedOpen(send)
  const schedule = await seedSchedules(send)
  await history(url, schedule, home)
  const worker = (await get(address, '/api/workers')).items[0].id
  await waitFor(async () => (await get(address, `/api/videos/${film}`)).status === 'ready')
  const hook = await seedHooks(send, url)
  // Eight minutes: its prints are made as long as pictures are.
  const long = { seconds: 5, times: 100, colours: 'c0=0x3a1c71:c1=0xd76d77:c2=0xffaf7b' }
  const encoding = await upload(address, 'three lakes, uncut.mp4', long)
  await waitFor(async () => (await get(address, `/api/videos/${encoding}`)).progress > 0.02)
  return {
    ...ended,
    ...open,
    film,
    encoding,
    schedule,
    worker,
    hook,
    key: await seedKeys(address, url)
  }
}

async function seedFilms(address: string): Promise<string> {
  const film = await upload(address, 'holiday in the alps.mp4', {
    seconds: 6,
    colours: 'c0=0x1b3a5c:c1=0xf2b880:c2=0x7fb3d5'
  })
  await upload(address, 'keynote 2026-11.mp4', { seconds: 4, colours: 'c0=0x2d1e4f:c1=0xc850c0:c2=0xffcc70' })
  await upload(address, 'harbour at dawn.mp4', { seconds: 5, colours: 'c0=0x0f2027:c1=0x2c7744:c2=0xb3ffab' })
  const bad = new FormData()
  bad.set('video', new File(['this is no film'], 'notes.mp4'))
  await fetch(`${address}/api/videos`, { method: 'POST', body: bad })
  return film
}

/** Tasks that succeed or fail, and an id of each. */
async function seedEnded(address: string, send: Send) {
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
  const campaign = { task: 'add', args: { x: 1, y: 1 }, countdown: 86_400, tags: ['campaign'] }
  await send('/api/tasks/bulk', { tasks: Array(12).fill(campaign) })
  await send('/api/bulk-operations', { action: 'cancel', filter: { tag: 'campaign' } })
  await settled(address)
  const task = (await get(address, '/api/tasks?task=report&state=SUCCESS&limit=1')).items[0].id
  const failed = (await get(address, '/api/tasks?task=report&state=FAILURE&limit=1')).items[0].id
  return { task, failed }
}

/** Tasks that run, wait and were cancelled. */
async function seedOpen(send: Send) {
  const submit = async (task: string, args: object, more = {}) => (await send('/api/tasks', { task, args, ...more })).id

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
  return { running, waiting }
}

async function seedSchedules(send: Send): Promise<string> {
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
  return schedule
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
  for (let tries = 0; tries < 1500; tries++) {
    if (await condition()) return
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  throw new Error('the service did not get there')
}

interface Picture {
  seconds: number
  /** How often it is repeated. */
  times?: number
  colours: string
}

async function upload(address: string, name: string, { seconds, times = 1, colours }: Picture): Promise<string> {
  const [once, file] = ['once', 'film'].map(word => path.join(tmpdir(), `darkroom-${process.pid}-${word}.mp4`))
  const picture = `gradients=size=1280x720:rate=24:speed=0.02:nb_colors=3:seed=7:${colours}`
  const input = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', 'sine=frequency=220']
  const output = ['-t', String(seconds), '-pix_fmt', 'yuv420p', '-preset', 'ultrafast', once!]
  const ffmpeg = (...args: string[]) => promisify(execFile)('ffmpeg', ['-v', 'error', '-y', ...args])
  await ffmpeg(...input, ...output)
  await ffmpeg('-stream_loop', String(times - 1), '-i', once!, '-c', 'copy', file!)
  const form = new FormData()
  form.set('video', new File([await readFile(file!)], name, { type: 'video/mp4' }))
  await Promise.all([once, file].map(each => rm(each!)))
  const answer = await fetch(`${address}/api/videos`, { method: 'POST', body: form })
  return ((await answer.json()) as { id: string }).id
}

/** A day of charts and a month of occurrences, as if the service had run all the time. */
async function history(url: string, schedule: string, home: string) {
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
     select id, due_at, outcome, reason, case when outcome = 'fired' then gen_random_uuid() end,
       due_at + case when day = 7 then interval '42 s' else interval '20 ms' end
     from (
       select day, date_trunc('day', now()) - day * interval '1 day' + interval '1 hour 30 minutes' as due_at,
         case when day in (4, 11) and id = $1 then 'skipped' else 'fired' end as outcome,
         case when id = $1 then case day when 4 then 'overlap' when 11 then 'missed' end end as reason, id
       from generate_series(1, 28) day, darkroom.schedules
       where not system and cron is not null
     ) each
     on conflict do nothing`,
    [schedule]
  )
  // Ended tasks are spread over the day, all of their times together.
  await client.query(`
    create temporary table moves as
    select id, (random() ^ 1.5) * interval '23 hours' as by
    from darkroom.tasks where finished_at is not null and task <> 'process_video' and schedule_id is null;
    update darkroom.tasks set created_at = created_at - by, started_at = started_at - by, finished_at = finished_at - by
    from moves where moves.id = tasks.id;
    update darkroom.attempts set started_at = started_at - by, finished_at = finished_at - by
    from moves where moves.id = task_id;
    update darkroom.events set at = at - by from moves where moves.id = task_id`)
  // Stacks of another machine: where this one keeps the program says nothing to readers of the pictures.
  await client.query(
    `update darkroom.attempts set error = jsonb_set(error, '{stack}',
       to_jsonb(replace(replace(error ->> 'stack', $1, '/srv/darkroom'), $2, '/srv/films')))
     where error ->> 'stack' is not null`,
    [path.resolve(import.meta.dirname, '../..'), home]
  )
  await client.end()
}
