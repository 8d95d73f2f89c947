-- The functions of the DBA's seat, and the functions of the schema darkroom in which an act is written once for HTTP and
-- SQL. Each change of a task locks the job first, then the task.

-- Why a task does not run -----------------------------------------------------------------------------------------------

-- The first code that holds, in the order of what has to happen to a task. A delayed job waits for the queue of its
-- task; any other one for the queue that it is in, which a DBA may have changed. Tasks before this one are counted up to
-- 1,001.
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

create function darkroom.explain_task(uuid) returns table (
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
comment on function darkroom.explain_task(uuid) is 'What a task waits for, for GET /api/tasks/{id}/why and ops.why; no row for an unknown id';

-- Cancel, retry and change ---------------------------------------------------------------------------------------------

-- The job of a delayed task moves to the task's own queue, where lookups of finished tasks expect it. If that queue is
-- gone the job is deleted. The time is that of this statement: a transaction may have begun before the attempt that it
-- cancels.
create function darkroom.revoke_task(uuid, message text) returns void language sql as $$
with moment as materialized (
  select clock_timestamp() as at
), job as (
  update pgboss.job j set name = t.queue, state = 'cancelled', completed_on = moment.at
  from darkroom.tasks t, moment
  where t.id = $1 and j.id = t.id and j.name in (t.queue, 'delayed') and j.state < 'completed'
    and exists (select from pgboss.queue q where q.name = t.queue)
), homeless as (
  delete from pgboss.job j using darkroom.tasks t
  where t.id = $1 and j.id = t.id and j.name = 'delayed' and j.state < 'completed'
    and not exists (select from pgboss.queue q where q.name = t.queue)
), task as (
  update darkroom.tasks t set
    state = 'REVOKED', finished_at = moment.at, cancel_requested_at = coalesce(t.cancel_requested_at, moment.at),
    error = jsonb_build_object('type', 'cancelled', 'message', $2)
  from moment
  where t.id = $1 and t.finished_at is null
  returning t.id, t.attempts, t.error, moment.at
)
insert into darkroom.events (task_id, at, state, attempt, error) select id, at, 'REVOKED', attempts, error from task
$$;
comment on function darkroom.revoke_task(uuid, text) is 'Ends a task that has not finished as cancelled; its job is locked by the caller';

-- A waiting task ends at once; a running one ends when its worker reports that its processes are gone. The state is the
-- task's state now: REVOKED if it waited, STARTED if its worker has to stop it first.
create function darkroom.request_cancel(uuid) returns table (state text, accepted boolean)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  found_state text;
  tries int;
begin
  if exists (select from darkroom.carried_films c where c.task_id = $1) then
    return query select * from darkroom.cancel_film($1);
    return;
  end if;
  select j.state::text, t.attempts into found_state, tries
  from darkroom.tasks t join pgboss.job j on j.id = t.id and j.name in (t.queue, 'delayed')
  where t.id = $1
  for update of j;
  if found_state = 'active' then
    -- It was handed over to its parts while this waited for its job: they are locked before it, so the caller begins again.
    if exists (select from darkroom.carried_films c where c.task_id = $1) then
      raise serialization_failure;
    end if;
    update darkroom.tasks t set cancel_requested_at = coalesce(t.cancel_requested_at, clock_timestamp()) where t.id = $1;
    return query values ('STARTED', true);
    return;
  end if;

  if found_state is null or found_state not in ('created', 'retry') then
    select t.state, t.attempts into found_state, tries from darkroom.tasks t where t.id = $1 for update;
    if not found then
      return;
    end if;
    if found_state in ('SUCCESS', 'FAILURE', 'REVOKED') then
      return query values (found_state, false);
      return;
    end if;
    -- Its job was deleted with its queue: no worker will ever end the task.
  end if;
  perform darkroom.revoke_task($1, case tries
    when 0 then 'It was cancelled before it ran'
    else 'It was cancelled while it waited for its next attempt'
  end);
  return query values ('REVOKED', true);
end;
$$;
comment on function darkroom.request_cancel(uuid) is 'Requests a cancellation, for HTTP and ops.cancel_task; no row for an unknown id';

-- A task that failed or was revoked gets a fresh set of attempts under the same id and keeps its history. Its job is
-- reopened, or inserted again if it has expired: then its count starts at the task's attempt, so that the fence keeps
-- rising.
create function darkroom.request_retry(uuid) returns table (queue text, state text, accepted boolean)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  task darkroom.tasks;
begin
  perform j.id from darkroom.tasks t join pgboss.job j on j.name = t.queue and j.id = t.id where t.id = $1 for update of j;
  select * into task from darkroom.tasks t where t.id = $1 for update;
  if not found then
    return;
  end if;
  if task.state not in ('FAILURE', 'REVOKED') then
    return query values (task.queue, task.state, false);
    return;
  end if;

  update pgboss.job j set
    state = 'created', start_after = now(), completed_on = null, output = null,
    created_on = case
      when j.group_id is null then j.created_on else darkroom.turn_of(task.queue, j.priority, j.group_id)
    end
  where j.name = task.queue and j.id = $1;
  if not found then
    insert into pgboss.job (
      id, name, data, priority, policy, retry_limit, retry_count, expire_seconds, deletion_seconds, keep_until
    ) values (
      $1, task.queue, jsonb_build_object('task', task.task), task.priority, 'standard', 2147483647, task.attempts,
      2147483647, task.result_expires, 'infinity'
    );
  end if;
  delete from darkroom.deadlines d where d.expires_at = task.expires_at and d.task_id = $1;
  update darkroom.tasks t set
    state = 'PENDING', failures = 0, crashes = 0, outages = 0, progress = null, progress_detail = null,
    error = null, eta = null, expires_at = null, started_at = null, cancel_requested_at = null, finished_at = null,
    worker = null
  where t.id = $1;
  insert into darkroom.events (task_id, state, attempt) values ($1, 'PENDING', task.attempts);
  return query values (task.queue, 'PENDING', true);
end;
$$;
comment on function darkroom.request_retry(uuid) is 'Reopens a task that failed or was revoked, for HTTP and ops.retry_task; no row for an unknown id';

-- Changes a task that waits: what is given of priority, queue, eta (null: as soon as possible) and tags. Like every act
-- it locks the job first. `lane` is the queue that may have work now.
create function darkroom.request_change(uuid, change jsonb) returns table (state text, accepted boolean, lane text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  job record;
  task darkroom.tasks;
  before jsonb;
begin
  select j.name, j.state, j.start_after into job
  from darkroom.tasks t join pgboss.job j on j.id = t.id and j.name in (t.queue, 'delayed')
  where t.id = $1
  for update of j;
  select * into task from darkroom.tasks t where t.id = $1 for update;
  if not found then
    return;
  end if;
  if job.name is null or job.state not in ('created', 'retry') or task.state not in ('PENDING', 'RETRY') then
    return query values (task.state, false, null);
    return;
  end if;

  before := (
    select coalesce(jsonb_object_agg(field, to_jsonb(task) -> field), '{}')
    from unnest(array['queue', 'priority', 'tags', 'eta']) field where change ? field
  );
  task.queue := coalesce(change ->> 'queue', task.queue);
  task.priority := coalesce((change ->> 'priority')::int, task.priority);
  if change ? 'tags' then
    task.tags := array(select jsonb_array_elements_text(change -> 'tags'));
  end if;
  if change ? 'eta' then
    task.eta := (change ->> 'eta')::timestamptz;
    job.start_after := greatest(task.eta, now());
  end if;
  lane := case
    when job.start_after > now() and (change ? 'eta' or job.name = 'delayed') then 'delayed' else task.queue
  end;
  -- With another queue or priority it has another turn.
  update pgboss.job j set
    name = lane, priority = task.priority, start_after = job.start_after,
    group_id = case when lane = 'media' then coalesce(task.created_by, '') end,
    created_on = case
      when lane <> 'media' or (job.name = lane and j.priority = task.priority) then j.created_on
      else darkroom.turn_of(lane, task.priority, coalesce(task.created_by, ''))
    end
  where j.name = job.name and j.id = $1;
  update darkroom.tasks t set queue = task.queue, priority = task.priority, tags = task.tags, eta = task.eta
  where t.id = $1;
  insert into darkroom.events (task_id, state, attempt, error, edited)
  select $1, task.state, task.attempts, case when task.state = 'RETRY' then task.error end, before;
  return query values (task.state, true, lane);
end;
$$;
comment on function darkroom.request_change(uuid, jsonb) is 'Changes a task that waits, for HTTP and ops.change_task; no row for an unknown id';

-- Refusals ----------------------------------------------------------------------------------------------------------------

create function darkroom.refuse(status int, code text, sentence text, remedy text default null) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using
    errcode = 'DR' || status, message = sentence, detail = 'Code: ' || code, hint = coalesce(remedy, '');
end;
$$;
comment on function darkroom.refuse(int, text, text, text) is 'Refuses as HTTP does: SQLSTATE DR and the HTTP status, the sentence as message, the code as detail';

create function darkroom.task_or_refuse(uuid) returns ops.tasks
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  task ops.tasks;
begin
  select * into task from ops.tasks t where t.id = $1;
  if not found then
    perform darkroom.refuse(404, 'TASK_NOT_FOUND', format('There is no task with the id "%s"', $1));
  end if;
  return task;
end;
$$;
comment on function darkroom.task_or_refuse(uuid) is 'A task as ops.tasks has it';

create function darkroom.queue_or_refuse(text) returns ops.queue_depth
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  queue ops.queue_depth;
begin
  select * into queue from ops.queue_depth q where q.name = $1;
  if not found then
    perform darkroom.refuse(
      404, 'QUEUE_NOT_FOUND', format('There is no queue named "%s"', $1), 'ops.queue_depth lists the queues'
    );
  end if;
  return queue;
end;
$$;
comment on function darkroom.queue_or_refuse(text) is 'A queue as ops.queue_depth has it';

create function darkroom.refuse_busy_video(constraint_error text, video uuid) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if constraint_error !~ 'tasks_one_open_per_video' then
    raise exception '%', constraint_error using errcode = 'unique_violation';
  end if;
  perform darkroom.refuse(409, 'VIDEO_BUSY', format(
    'The video "%s" has an open process_video task: wait for it, or cancel it first', video
  ));
end;
$$;
comment on function darkroom.refuse_busy_video(text, uuid) is 'Refuses a second open process_video task of a film';

create function darkroom.refuse_misfits(problems text[]) returns void
language plpgsql as $$
begin
  if problems <> '{}' then
    perform darkroom.refuse(
      400, 'INVALID_REQUEST', array_to_string(problems[:20], '; '),
      case when problems[1] like 'args%' then 'ops.kinds has the JSON Schema of each kind''s args' end
    );
  end if;
end;
$$;
comment on function darkroom.refuse_misfits(text[]) is 'Refuses what does not fit, with a line for each field';

create function darkroom.refuse_unknown_queue(text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (
    select from pgboss.queue q
    where q.name = $1 and q.name not in ('delayed', 'due') and q.name not like '\_\_pgboss\_\_%'
  ) then
    perform darkroom.refuse(
      400, 'UNKNOWN_QUEUE', format('There is no queue named "%s"', $1), 'ops.queue_depth lists the queues'
    );
  end if;
end;
$$;
comment on function darkroom.refuse_unknown_queue(text) is 'Refuses a queue in which no task may wait';

-- A payload of NOTIFY has less than 8,000 bytes, and an id 36.
create function darkroom.announce_changed(ids uuid[]) returns void language sql set search_path = pg_catalog, pg_temp as $$
  select pg_notify('darkroom_changed', payload)
  from (
    select string_agg(id::text, ',') as payload
    from unnest(ids) with ordinality as changed (id, place) group by (place - 1) / 200
  ) payloads
$$;
comment on function darkroom.announce_changed(uuid[]) is 'Tells every watcher that tasks have changed, when the transaction commits';

-- With generic plans: for tables with partitions Postgres would make a new plan at each call, which took longer than all
-- the rest (10,000 submissions: 14 s of CPU became 5 s).

-- What the DBA calls --------------------------------------------------------------------------------------------------------

create function ops.why(id uuid) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  reason text := (select format('%s: %s', e.code, e.sentence) from darkroom.explain_task($1) e);
begin
  if reason is null then
    perform darkroom.task_or_refuse($1);
  end if;
  return reason;
end;
$$;
comment on function ops.why(uuid) is 'Why a task does not run: code: sentence, as GET /api/tasks/{id}/why has them';

create function ops.cancel_task(id uuid) returns ops.tasks
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = 'force_generic_plan' as $$
declare
  request record;
begin
  begin
    select * into request from darkroom.request_cancel($1);
  exception
    -- Meanwhile the job moved to the table of another queue, where a row lock cannot follow.
    when serialization_failure then select * into request from darkroom.request_cancel($1);
  end;
  if request.accepted then
    perform darkroom.record_sql_act('task.cancel', 'task', $1::text), pg_notify('darkroom_changed', $1::text);
    if request.state = 'STARTED' then
      perform pg_notify('darkroom_cancel', $1::text);
    end if;
  elsif request.state is not null then
    perform darkroom.refuse(
      409, 'TASK_FINISHED', format('The task has finished already, as %s', request.state),
      case when request.state <> 'SUCCESS' then 'ops.retry_task(id) reopens it' end
    );
  end if;
  return darkroom.task_or_refuse($1);
end;
$$;
comment on function ops.cancel_task(uuid) is 'Cancels a task: a waiting one is revoked at once, a running one is stopped with its processes after the commit. As POST /api/tasks/{id}/cancel';

create function ops.retry_task(id uuid) returns ops.tasks
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = 'force_generic_plan' as $$
declare
  request record;
begin
  select * into request from darkroom.request_retry($1);
  if request.accepted then
    perform
      darkroom.record_sql_act('task.retry', 'task', $1::text),
      pg_notify('darkroom_changed', $1::text), pg_notify('darkroom_wake', request.queue);
  elsif request.state is not null then
    perform darkroom.refuse(
      409, 'TASK_NOT_RETRYABLE',
      format('Only a task that failed or was revoked can be retried; this one is %s', request.state)
    );
  end if;
  return darkroom.task_or_refuse($1);
exception
  when unique_violation then
    perform darkroom.refuse_busy_video(sqlerrm, (select t.video_id from darkroom.tasks t where t.id = $1));
    return null;
end;
$$;
comment on function ops.retry_task(uuid) is 'Retries a task that failed or was revoked, with a fresh set of attempts. As POST /api/tasks/{id}/retry';

-- Rules of HTTP's body for what types do not say.
create function darkroom.change_schema() returns jsonb language sql immutable as $$
  select '{
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "priority": {"type": "integer", "minimum": 0, "maximum": 9},
      "queue": {"type": "string", "maxLength": 100},
      "tags": {"type": "array", "maxItems": 20, "items": {"type": "string", "minLength": 1, "maxLength": 100}}
    }
  }'::jsonb
$$;
comment on function darkroom.change_schema() is 'JSON Schema of what can be changed of a task that waits, but for its time';

create function ops.change_task(
  id uuid, priority int default null, queue text default null, eta timestamptz default null, tags text[] default null
) returns ops.tasks
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = 'force_generic_plan' as $$
declare
  change jsonb := jsonb_strip_nulls(jsonb_build_object('priority', $2, 'queue', $3)) || case
    when $5 is null then '{}' else jsonb_build_object('tags', $5)
  end;
  request record;
begin
  perform darkroom.refuse_misfits(darkroom.misfits(darkroom.change_schema(), change, ''));
  if $4 = 'infinity' or $4 >= '10000-01-01 00:00 UTC' or $4 > '-infinity' and $4 < '0001-01-01 00:00 UTC' then
    perform darkroom.refuse_misfits(array['eta must be a time from the year 1 to 9999, or -infinity']);
  end if;
  if $4 is not null then
    change := change || jsonb_build_object('eta', nullif($4, '-infinity'));
  end if;
  if change = '{}' then
    perform darkroom.refuse_misfits(array['the body must not have fewer than 1 properties']);
  end if;
  if $3 is not null then
    perform darkroom.refuse_unknown_queue($3);
  end if;

  begin
    select * into request from darkroom.request_change($1, change);
  exception
    -- Meanwhile the job moved to the table of another queue, where a row lock cannot follow.
    when serialization_failure then select * into request from darkroom.request_change($1, change);
  end;
  if request.accepted then
    perform
      darkroom.record_sql_act('task.change', 'task', $1::text, change),
      pg_notify('darkroom_changed', $1::text), pg_notify('darkroom_wake', request.lane);
  elsif request.state is not null then
    perform darkroom.refuse(
      409, 'TASK_NOT_WAITING', format('Only a task that waits can be changed; this one is %s', request.state)
    );
  end if;
  return darkroom.task_or_refuse($1);
end;
$$;
comment on function ops.change_task(uuid, int, text, timestamptz, text[]) is 'Changes a task that waits: what is not null of its priority, its queue, its eta (-infinity: as soon as possible) and its tags (all of them). As PATCH /api/tasks/{id}';

create function ops.retry_where(
  state text default 'FAILURE', task text default null, since timestamptz default now() - interval '1 day',
  most int default 1000
) returns setof uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = 'force_generic_plan' as $$
declare
  candidate record;
  request record;
  retried uuid[] := '{}';
begin
  if $1 is null or $1 not in ('FAILURE', 'REVOKED') then
    perform darkroom.refuse(400, 'INVALID_REQUEST', 'state must be FAILURE or REVOKED');
  end if;
  for candidate in
    select t.id, t.queue
    from darkroom.task_groups g
    join darkroom.tasks t on t.state = g.state and t.task = g.task and t.queue = g.queue
    where g.state = $1 and (g.task = $2 or $2 is null and not exists (
      select from darkroom.kinds k where k.name = g.task and k.internal
    )) and ($3 is null or t.finished_at >= $3) and exists (select from pgboss.queue q where q.name = t.queue)
    order by t.id
    limit $4
  loop
    begin
      select * into request from darkroom.request_retry(candidate.id);
      if request.accepted then
        retried := retried || candidate.id;
        perform pg_notify('darkroom_wake', candidate.queue);
        return next candidate.id;
      end if;
    exception
      -- Its film has an open task already.
      when unique_violation then null;
    end;
  end loop;
  if retried <> '{}' then
    perform darkroom.record_sql_act('task.retry', 'task', null, jsonb_build_object(
      'count', cardinality(retried), 'state', $1, 'task', $2, 'since', $3
    ));
  end if;
  perform darkroom.announce_changed(retried);
end;
$$;
comment on function ops.retry_where(text, text, timestamptz, int) is 'Retries the tasks of a state (FAILURE or REVOKED), and kind if one is given, that finished since a time (null: ever; without it within a day), oldest first and at most so many; returns their ids. Call it again until it returns none. As POST /api/bulk-operations with the action retry, at once and without an undo';

create function ops.cancel_where(
  state text default 'PENDING', task text default null, queue text default null, since timestamptz default null,
  most int default 1000
) returns setof uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = 'force_generic_plan' as $$
declare
  candidate uuid;
  request record;
  cancelled uuid[] := '{}';
begin
  if $1 is null or $1 not in ('PENDING', 'RETRY', 'STARTED') then
    perform darkroom.refuse(400, 'INVALID_REQUEST', 'state must be PENDING, RETRY or STARTED');
  end if;
  for candidate in
    select t.id
    from darkroom.task_groups g
    join darkroom.tasks t on t.state = g.state and t.task = g.task and t.queue = g.queue
    where g.state = $1 and (g.queue = $3 or $3 is null) and (g.task = $2 or $2 is null and not exists (
      select from darkroom.kinds k where k.name = g.task and k.internal
    )) and ($4 is null or t.created_at >= $4) and t.cancel_requested_at is null
    order by t.id
    limit $5
  loop
    begin
      select * into request from darkroom.request_cancel(candidate);
    exception
      -- Meanwhile the job moved to the table of another queue, where a row lock cannot follow.
      when serialization_failure then select * into request from darkroom.request_cancel(candidate);
    end;
    if request.accepted then
      cancelled := cancelled || candidate;
      if request.state = 'STARTED' then
        perform pg_notify('darkroom_cancel', candidate::text);
      end if;
      return next candidate;
    end if;
  end loop;
  if cancelled <> '{}' then
    perform darkroom.record_sql_act('task.cancel', 'task', null, jsonb_build_object(
      'count', cardinality(cancelled), 'state', $1, 'task', $2, 'queue', $3, 'since', $4
    ));
  end if;
  perform darkroom.announce_changed(cancelled);
end;
$$;
comment on function ops.cancel_where(text, text, text, timestamptz, int) is 'Cancels the tasks of a state (PENDING, RETRY or STARTED), and kind and queue if one is given, that were submitted since a time (null: ever), oldest first and at most so many; running ones are stopped after the commit. Returns their ids; call it again until it returns none. As POST /api/bulk-operations with the action cancel, at once and without an undo';

-- A queue that is paused already keeps its time, and what is not given now.
create function darkroom.request_pause(name text, paused_by text, reason text, until timestamptz) returns void
language sql set search_path = pg_catalog, pg_temp as $$
  insert into darkroom.queues as paused (name, paused_by, reason, until)
  select q.name, $2, $3, $4 from pgboss.queue q where q.name = $1 for key share
  on conflict (name) do update set
    paused_at = case when paused.until <= now() then now() else paused.paused_at end,
    paused_by = case when paused.until <= now() then excluded.paused_by else paused.paused_by end,
    reason = case when paused.until <= now() then excluded.reason else coalesce(excluded.reason, paused.reason) end,
    until = case when paused.until <= now() then excluded.until else coalesce(excluded.until, paused.until) end
$$;
comment on function darkroom.request_pause(text, text, text, timestamptz) is 'Pauses a queue, for HTTP and ops.pause_queue';

create function ops.pause_queue(name text, reason text default null, until timestamptz default null)
returns ops.queue_depth
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform darkroom.queue_or_refuse($1);
  if length($2) > 500 then
    perform darkroom.refuse(400, 'INVALID_REQUEST', 'reason must not have more than 500 characters');
  end if;
  if $3 <= now() then
    perform darkroom.refuse(400, 'INVALID_REQUEST', 'until must be in the future');
  end if;
  perform darkroom.request_pause($1, session_user::text, $2, $3);
  perform darkroom.record_sql_act('queue.pause', 'queue', $1, jsonb_build_object('reason', $2, 'until', $3));
  return darkroom.queue_or_refuse($1);
end;
$$;
comment on function ops.pause_queue(text, text, timestamptz) is 'Pauses a queue, until a time if one is given: it accepts tasks, and running ones finish. As POST /api/queues/{name}/pause';

create function ops.resume_queue(name text) returns ops.queue_depth
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform darkroom.queue_or_refuse($1);
  delete from darkroom.queues q where q.name = $1;
  perform darkroom.record_sql_act('queue.resume', 'queue', $1), pg_notify('darkroom_wake', $1);
  return darkroom.queue_or_refuse($1);
end;
$$;
comment on function ops.resume_queue(text) is 'Resumes a queue. As POST /api/queues/{name}/resume';

create function ops.end_session(pid int) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from darkroom.lock_holders() h where h.pid = $1) then
    perform darkroom.refuse(
      404, 'SESSION_NOT_FOUND', format('No session with the process id %s holds a lock on a table of Darkroom', $1),
      'ops.locks lists those that do'
    );
  end if;
  perform darkroom.record_sql_act('postgres.end_session', 'postgres_session', $1::text);
  return pg_terminate_backend($1);
exception
  when insufficient_privilege then
    perform darkroom.refuse(
      403, 'NOT_ALLOWED', sqlerrm,
      format('A superuser can allow it: grant pg_signal_backend to %I; or type: select pg_terminate_backend(%s)', current_user, $1)
    );
    return false;
end;
$$;
comment on function ops.end_session(int) is 'Ends a session that holds or awaits a lock on a table of Darkroom, as ops.locks lists them; needs pg_signal_backend for the role of the service';
