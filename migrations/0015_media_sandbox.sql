-- What keeps decoders in, as each worker has proved it at its start, and what a worker does not take without that
-- (MEDIA_SANDBOX=required).

alter table darkroom.workers
  add column media_sandbox jsonb,
  add column withheld_kinds text[] not null default '{}';

comment on column darkroom.workers.media_sandbox is 'What keeps ffmpeg from files and network, as proved when it started: files, network, user, proved_at, missing';
comment on column darkroom.workers.withheld_kinds is 'Kinds that it knows and does not take, because MEDIA_SANDBOX=required and the sandbox is not proved';

create or replace view ops.workers as
select
  w.id, w.host, w.pid, w.version, w.queues,
  jsonb_build_object(
    'child', array(select kind from unnest(w.kinds) with ordinality k (kind, n) where kind <> all(w.inline_kinds) order by n),
    'inline', w.inline_kinds
  ) as pools,
  w.concurrency, w.children, w.paused_at is not null as paused, w.shutdown,
  case when silent.since is null then w.status else 'lost' end as status,
  w.started_at, w.heartbeat_at, greatest(0, extract(epoch from now() - w.heartbeat_at)::float8) as heartbeat_age,
  coalesce(w.stopped_at, silent.since) as stopped_at,
  (
    select coalesce(jsonb_agg(jsonb_build_object(
      'task_id', t.id, 'task', t.task, 'queue', t.queue, 'attempt', t.attempts, 'started_at', t.started_at
    ) order by t.started_at, t.id), '[]')
    from darkroom.tasks t where t.state = 'STARTED' and t.worker = w.id
  ) as running,
  '{"started": 0, "succeeded": 0, "failed": 0, "timed_out": 0, "crashed": 0, "cancelled": 0, "handed_back": 0}' || w.tasks
    as tasks,
  w.memory, w.cpu, w.media_sandbox
from darkroom.workers w
cross join lateral (
  select case
    when w.status = 'running' and w.heartbeat_at < now() - interval '10 seconds' then
      w.heartbeat_at + interval '10 seconds'
  end as since
) silent;

comment on column ops.workers.media_sandbox is 'What keeps ffmpeg from files and network on its machine, as JSON: files, network, proved_at, missing; null before it has said';

create or replace view ops.stuck_tasks as
with lane as materialized (
  select g.state, g.task, g.queue, q.paused_at, w.*
  from darkroom.task_groups g
  left join darkroom.paused_queues q on q.name = g.queue
  cross join lateral (
    select
      count(*) as serving,
      count(*) filter (where g.task = any(w.kinds)) as knowing,
      count(*) filter (where g.task = any(w.withheld_kinds)) as withholding,
      count(*) filter (where g.task = any(w.kinds) and w.paused_at is null) as taking
    from darkroom.workers w
    where w.status = 'running' and w.heartbeat_at > now() - interval '10 seconds' and w.shutdown is null
      and g.queue = any(w.queues)
  ) w
  where g.state in ('PENDING', 'RETRY')
), waiting as (
  select t.id, t.task, t.queue, t.state, t.worker, why.code, greatest(t.created_at, t.eta) as since
  from lane
  cross join lateral (
    select case
      when lane.paused_at is not null then 'queue_paused'
      when lane.serving = 0 then 'no_worker_for_queue'
      when lane.knowing = 0 and lane.withholding > 0 then 'no_sandbox'
      when lane.knowing = 0 then 'kind_unknown_to_workers'
      when lane.taking = 0 then 'workers_paused'
    end
  ) why (code)
  join darkroom.tasks t on t.state = lane.state and t.task = lane.task and t.queue = lane.queue
  where why.code is not null and greatest(t.created_at, t.eta) < now() - interval '1 minute'
    and (t.state = 'PENDING' or (
      select true from pgboss.job j
      where j.name = t.queue and j.id = t.id and j.start_after < now() - interval '1 minute'
    ))
), started as (
  select t.id, t.task, t.queue, t.state, t.worker, why.code, why.since
  from darkroom.tasks t
  left join darkroom.workers w on w.id = t.worker
  left join darkroom.kinds k on k.name = t.task
  cross join lateral (select t.started_at + coalesce(t.time_limit, k.time_limit) * interval '1 second') due (at)
  cross join lateral (
    select case
      when w.status is distinct from 'running' or w.heartbeat_at < now() - interval '20 seconds' then 'worker_lost'
      when t.cancel_requested_at < now() - interval '30 seconds' then 'cancel_requested'
      when due.at < now() - interval '30 seconds' then 'over_time_limit'
    end,
    case
      when w.status is distinct from 'running' or w.heartbeat_at < now() - interval '20 seconds' then
        coalesce(w.stopped_at, w.heartbeat_at, t.started_at)
      when t.cancel_requested_at < now() - interval '30 seconds' then t.cancel_requested_at
      else due.at
    end
  ) why (code, since)
  where t.state = 'STARTED' and t.worker is not null and why.code is not null
)
select
  id, task, queue, state, code, since, greatest(0, extract(epoch from now() - since)::float8) as age, worker,
  case code
    when 'queue_paused' then format('select ops.resume_queue(%L)', queue)
    when 'no_worker_for_queue' then format('Start a worker that takes from the queue "%s" (WORKER_QUEUES)', queue)
    when 'kind_unknown_to_workers' then format('Start a worker whose TASKS_DIR has the kind "%s"', task)
    when 'no_sandbox' then 'Mend what media_sandbox of ops.workers says is missing, and restart the worker'
    when 'workers_paused' then 'Resume a worker: PATCH /api/workers/{id} {"paused": false}'
    when 'worker_lost' then 'Start a worker: it takes over what lost ones held'
    else format('Look at its worker; ops.locks says whether a transaction holds its row')
  end as remedy
from (select * from waiting union all select * from started) stuck;

comment on column ops.stuck_tasks.code is 'As in ops.why: queue_paused, no_worker_for_queue, no_sandbox, kind_unknown_to_workers, workers_paused; of started ones worker_lost, cancel_requested (half a minute ago, and it still runs), over_time_limit';

-- Of a film that no worker runs, as its parts do (0017_film_parts.sql).
create function darkroom.explain_parts(film uuid) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from darkroom.carried_films c where c.task_id = film) then
    return null;
  end if;
  return (
    select format(
      'The film is made in parts: %s of %s are done, and workers run %s', count(*) filter (where p.made is not null),
      count(*), count(*) filter (where p.made is null and t.state = 'STARTED')
    )
    from darkroom.film_parts p left join darkroom.tasks t on t.id = p.part_task where p.task_id = film
  );
end;
$$;
comment on function darkroom.explain_parts(uuid) is 'How far the parts of a film are, for darkroom.explain_task; null for a task that a worker holds';

create or replace function darkroom.explain_task(uuid) returns table (
  code text, state text, queue text, paused_workers jsonb, since timestamptz, until timestamptz, sentence text
) language sql stable as $$
with in_hand as materialized (
  select * from darkroom.in_hand
), fact as materialized (
  select
    t.*, j.priority as job_priority, j.created_on, j.group_id, j.start_after, coalesce(j.state < 'active', false) as waits,
    case when j.name is null or j.name = 'delayed' then t.queue else j.name end as lane,
    greatest(t.created_at, j.start_after) as ready_at,
    coalesce((select ahead from in_hand where in_hand.id = t.id), false) as ahead,
    (select max(a.finished_at) from darkroom.attempts a where a.task_id = t.id) as tried_at,
    (select host || ', process ' || pid from darkroom.workers w where w.id = t.worker) as worker_name
  from darkroom.tasks t
  left join lateral (
    select j.* from pgboss.queue q join pgboss.job j on j.name = q.name and j.id = t.id
  ) j on true
  where t.id = $1
), worker as materialized (
  select
    count(*)::int as serving,
    count(*) filter (where knows)::int as knowing,
    count(*) filter (where withholds)::int as withholding,
    min(media_sandbox -> 'missing' -> 0 ->> 'why') filter (where withholds) as lacks,
    count(*) filter (where knows and w.paused_at is null)::int as taking,
    coalesce(sum(w.concurrency) filter (where knows and w.paused_at is null), 0)::int as slots,
    max(w.paused_at) filter (where knows) as paused_at,
    coalesce(json_agg(json_build_object('id', w.id, 'host', w.host)) filter (where knows and w.paused_at is not null), '[]') as paused
  from fact
  cross join lateral (
    select w.*, fact.task = any(w.kinds) as knows, fact.task = any(w.withheld_kinds) as withholds from darkroom.workers w
    where w.status = 'running' and w.heartbeat_at > now() - 10 * interval '1 second' and w.shutdown is null and fact.lane = any(w.queues)
  ) w
), decided as materialized (
  select fact.*, worker.*, q.paused_at as queue_paused_at,
    case
      when fact.finished_at is not null then 'finished'
      when fact.state = 'STARTED' and ahead then 'claimed'
      when fact.state = 'STARTED' then 'running'
      when not waits then 'job_gone'
      when start_after > now() and fact.state = 'RETRY' then 'retry_wait'
      when start_after > now() then 'scheduled'
      when q.name is not null then 'queue_paused'
      when serving = 0 then 'no_worker_for_queue'
      when knowing = 0 and withholding > 0 then 'no_sandbox'
      when knowing = 0 then 'kind_unknown_to_workers'
      when taking = 0 then 'workers_paused'
      else 'slots_busy'
    end as code
  from fact
  cross join worker
  left join darkroom.paused_queues q on q.name = fact.lane
)
select
  code, state, lane, paused::jsonb,
  case code
    when 'finished' then finished_at
    when 'claimed' then started_at
    when 'running' then started_at
    when 'scheduled' then created_at
    when 'retry_wait' then coalesce(tried_at, created_at)
    when 'queue_paused' then greatest(ready_at, queue_paused_at)
    when 'workers_paused' then greatest(ready_at, decided.paused_at)
    else ready_at
  end as since,
  case when code in ('scheduled', 'retry_wait') then start_after end as until,
  case code
    when 'finished' then format('The task ended as %s at %s', state, to_char(finished_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'))
    when 'claimed' then format('A worker (%s) has taken the task and starts it when a child process is free', worker_name)
    when 'running' then coalesce(darkroom.explain_parts($1), format('Attempt %s runs in a worker (%s)', attempts, worker_name))
    when 'job_gone' then 'Its job in pg-boss was removed or changed by hand; a worker revokes the task within half a minute'
    when 'retry_wait' then format('Attempt %s did not succeed; the next one starts at %s', attempts, to_char(start_after at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'))
    when 'scheduled' then format('The task is to start at %s', to_char(start_after at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'))
    when 'queue_paused' then format('The queue "%s" is paused since %s; resume it', lane, to_char(queue_paused_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'))
    when 'no_worker_for_queue' then
      format('No running worker takes from the queue "%s"; start one that does (WORKER_QUEUES)', lane)
    when 'kind_unknown_to_workers' then format(
      'No running worker knows the kind "%s" (%s from the queue "%s"); start one whose TASKS_DIR has it',
      task, case serving when 1 then '1 takes' else serving || ' take' end, lane
    )
    when 'no_sandbox' then format(
      'MEDIA_SANDBOX is "required", and no running worker has proved its media sandbox (%s); mend that and restart the worker',
      left(lacks, 80)
    )
    when 'workers_paused' then format(
      'Every running worker that could take the task is paused (%s); resume one', knowing
    )
    else format(
      'The task waits for its turn in the queue "%s": %s%s, and %s', lane,
      case
        when before.count > 1000 then 'more than 1000 tasks are before it'
        when before.count = 1 then '1 task is before it'
        else before.count || ' tasks are before it'
      end,
      case when group_id is not null and before.count > 0 then
        format(' (%s of its own key, %s of others: keys take turns)', before.own, before.count - before.own)
      else '' end,
      case taking when 1 then '1 worker runs ' else taking || ' workers run ' end || slots || case slots when 1 then ' task' else ' tasks' end
        || ' at a time'
    )
  end as sentence
from decided
cross join lateral (
  select count(*)::int as count, (count(*) filter (where waiting_before.group_id = decided.group_id))::int as own from (
    (
      select j.group_id from pgboss.job j
      where code = 'slots_busy' and j.name = lane and j.state < 'active' and not j.blocked and j.start_after <= now()
        and j.priority > job_priority
      limit 1001
    )
    union all
    (
      select j.group_id from pgboss.job j
      where code = 'slots_busy' and j.name = lane and j.state < 'active' and not j.blocked and j.start_after <= now()
        and j.priority = job_priority and j.created_on < decided.created_on
      limit 1001
    )
    limit 1001
  ) waiting_before
) before
$$;
