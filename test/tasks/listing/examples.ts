import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import type { TaskFilters } from '../../../src/tasks/listing/schemas.ts'

/** Ids of workers, schedules and films. */
export const [one, two] = [randomUUID(), randomUUID()]

/** Tasks of every status, some with the same times. */
export async function addTasks(pool: Pool) {
  await pool.query(
    `insert into darkroom.tasks (
    id, task, queue, state, result_expires, name, description, tags, worker, attempts, schedule_id, video_id, error, eta,
    created_at, started_at, finished_at
  )
  select
    gen_random_uuid(), (array['add', 'sleep', 'a,b', '-c'])[1 + n % 4], (array['default', 'media', 'odd'])[1 + n % 3],
    state, 60, 'task ' || n % 50, case when n % 9 = 0 then 'a needle, with a comma' end,
    (array['{}', '{red}', '{red,blue}', '{"x,y"}']::text[])[1 + n % 4]::text[],
    (array[null, $1, $2]::uuid[])[1 + n % 3], n % 5, (array[null, $1, $2]::uuid[])[1 + n / 3 % 3],
    (array[null, $1, $2]::uuid[])[1 + n / 9 % 3],
    case when state in ('FAILURE', 'REVOKED') then jsonb_build_object('type', 'Error', 'message', 'no ' || n % 4 || ', 50%') end,
    case
      when state = 'PENDING' and n % 3 > 0 then now() + interval '1 hour' + (n % 40) * interval '1 minute'
      when state = 'PENDING' then at + interval '10 seconds'
    end,
    at, case when state <> 'PENDING' then at + (n % 60) * interval '1 second' end,
    case when state in ('SUCCESS', 'FAILURE', 'REVOKED') then at + (n % 60 + n % 7) * interval '1 second' end
  from (
    select
      n, (array['SUCCESS', 'FAILURE', 'PENDING', 'STARTED', 'RETRY', 'REVOKED', 'SUCCESS'])[1 + n % 7] as state,
      now() - (n / 3) * interval '1 minute' - interval '1 minute' as at
    from generate_series(1, 420) n
  ) task`,
    [one, two]
  )
}

export const scheduled = `state = 'PENDING' and eta > now()`
const waits = `state = 'PENDING' and (eta is null or eta <= now())`
/** Filters, and the condition of a plain query for them. */
export const filters: [string, TaskFilters, string][] = [
  ['nothing', {}, 'true'],
  ['two states', { state: 'FAILURE,REVOKED' }, `state in ('FAILURE', 'REVOKED')`],
  ['all states but one', { state: '-SUCCESS' }, `state <> 'SUCCESS'`],
  ['none of two states', { state: '-SUCCESS,FAILURE' }, `state not in ('SUCCESS', 'FAILURE')`],
  ['a status', { status: 'FAILED' }, `state = 'FAILURE'`],
  ['scheduled ones', { status: 'SCHEDULED' }, scheduled],
  ['those that wait', { status: 'PENDING' }, waits],
  ['scheduled and failed ones', { status: 'SCHEDULED,FAILED' }, `state = 'FAILURE' or ${scheduled}`],
  ['all but scheduled ones', { status: '-SCHEDULED' }, `not coalesce(${scheduled}, false)`],
  ['pending ones that are not scheduled', { state: 'PENDING', status: '-SCHEDULED' }, waits],
  ['what cannot be', { state: 'SUCCESS', status: 'FAILED' }, 'false'],
  ['two kinds', { task: 'add,sleep' }, `task in ('add', 'sleep')`],
  ['all kinds but one', { task: '-add' }, `task <> 'add'`],
  ['a kind with a comma', { task: 'a\\,b' }, `task = 'a,b'`],
  ['a kind that begins with a dash', { task: '\\-c' }, `task = '-c'`],
  [
    'two queues without a kind',
    { queue: 'default,odd', task: '-add,sleep' },
    `queue <> 'media' and task in ('a,b', '-c')`
  ],
  ['a worker', { worker: one }, `worker = '${one}'`],
  ['other workers and none', { worker: `-${one}` }, `worker is distinct from '${one}'`],
  ['two workers', { worker: `${one},${two}` }, 'worker is not null'],
  ['a garbage worker', { worker: 'x' }, 'false'],
  ['one of two tags', { tag: 'blue,x\\,y' }, `tags && '{blue,"x,y"}'`],
  ['a tag without another', { tag: 'red,-blue' }, `'red' = any(tags) and not 'blue' = any(tags)`],
  ['no such tag', { tag: '-red' }, `not 'red' = any(tags)`],
  ['a text, with its comma', { q: 'Needle, with' }, 'description is not null'],
  ['an error', { error: 'no 1' }, `error ->> 'message' like 'no 1%'`],
  ['one of two errors', { error: 'NO 1,no 2' }, `error ->> 'message' ~ 'no [12]'`],
  ['a piece of an error', { error: '\\, 50%' }, 'error is not null'],
  ['no such error', { error: '-no 1', state: 'FAILURE' }, `state = 'FAILURE' and error ->> 'message' not like 'no 1%'`],
  ['a schedule', { schedule_id: one }, `schedule_id = '${one}'`],
  [
    'a schedule, but for successes',
    { schedule_id: one, state: '-SUCCESS' },
    `schedule_id = '${one}' and state <> 'SUCCESS'`
  ],
  ['no schedule of these', { schedule_id: `-${one},${two}` }, 'schedule_id is null'],
  ['a film', { video_id: two, tag: 'red' }, `video_id = '${two}' and 'red' = any(tags)`],
  ['two films', { video_id: `${one},${two}` }, 'video_id is not null'],
  ['many attempts', { attempts_min: 3 }, 'attempts >= 3'],
  [
    'a long run',
    { ran_min: 4 },
    `(finished_at - started_at >= interval '4 s') or (state = 'STARTED' and now() - started_at >= interval '4 s')`
  ],
  [
    'a long wait',
    { waited_min: 30, attempts_min: 0 },
    `coalesce(started_at, finished_at, now()) - greatest(created_at, case when attempts <= 1 and state <> 'RETRY' then eta end) >= interval '30 s'`
  ]
]
