-- Acts on all tasks that match a filter. An operation is carried out by a task of the kind bulk_operation, in batches of
-- one transaction each: the acts, the items that an undo needs, and the place that was reached. So a worker that is
-- killed loses a batch at most, and the next attempt goes on behind it.
create table darkroom.bulk_operations (
  id uuid primary key,
  action text not null constraint bulk_operations_action check (action in ('retry', 'cancel', 'forget', 'move', 'undo')),
  filter jsonb not null,
  sight jsonb not null default '{}',
  queue text,
  over double precision,
  expected bigint not null,
  is_exact boolean not null,
  undo_of uuid unique references darkroom.bulk_operations on delete cascade,
  task_id uuid not null,
  created_by text,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  abort_at timestamptz,
  finished_at timestamptz,
  place_at timestamptz not null default '-infinity',
  place_id uuid not null default '00000000-0000-0000-0000-000000000000',
  done bigint not null default 0,
  skipped jsonb not null default '{}'
);
create index bulk_operations_listed on darkroom.bulk_operations (created_at desc, id desc);

comment on table darkroom.bulk_operations is 'Acts on all tasks that match a filter';
comment on column darkroom.bulk_operations.id is 'Id';
comment on column darkroom.bulk_operations.action is 'retry, cancel, forget, move; undo of one of them';
comment on column darkroom.bulk_operations.filter is 'Parameters of the list, frozen: no task that was submitted later fits';
comment on column darkroom.bulk_operations.sight is 'What its key is limited to: owner, kinds, queues';
comment on column darkroom.bulk_operations.queue is 'Queue that tasks are moved to';
comment on column darkroom.bulk_operations.over is 'Seconds over which retried tasks are spread';
comment on column darkroom.bulk_operations.expected is 'Tasks that matched when it was made';
comment on column darkroom.bulk_operations.is_exact is 'Whether expected is their number; else about so many';
comment on column darkroom.bulk_operations.undo_of is 'Operation that this one undoes';
comment on column darkroom.bulk_operations.task_id is 'Task that carries it out';
comment on column darkroom.bulk_operations.created_by is 'Who asked for it';
comment on column darkroom.bulk_operations.created_at is 'When it was asked for';
comment on column darkroom.bulk_operations.started_at is 'When its first batch began';
comment on column darkroom.bulk_operations.abort_at is 'When it was told to stop behind its batch';
comment on column darkroom.bulk_operations.finished_at is 'When its last batch was written';
comment on column darkroom.bulk_operations.place_at is 'created_at of the last task that it has looked at';
comment on column darkroom.bulk_operations.place_id is 'Id of that task';
comment on column darkroom.bulk_operations.done is 'Tasks that it has changed';
comment on column darkroom.bulk_operations.skipped is 'Number of tasks that it has left as they are, by reason';

-- What an undo needs: each task that was changed, as it was. Columns, as a document of them took a third of the time of a
-- batch. Without a foreign key, whose check of each row took as long as the row; expire_bulk_operations removes items
-- before their operation.
create table darkroom.bulk_items (
  operation_id uuid not null,
  task_id uuid not null,
  state text not null,
  queue text not null,
  attempts int not null,
  failures int not null,
  crashes int not null,
  outages int not null,
  progress real,
  progress_detail jsonb,
  error jsonb,
  eta timestamptz,
  expires_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  cancel_requested_at timestamptz,
  worker uuid,
  primary key (operation_id, task_id)
);
comment on table darkroom.bulk_items is 'Tasks that an operation has changed, as they were, for its undo';
comment on column darkroom.bulk_items.operation_id is 'Operation';
comment on column darkroom.bulk_items.task_id is 'Task; the other columns are its own, as in darkroom.tasks';

-- Brings a task that was retried back to how it had ended, unless an attempt has begun.
create function darkroom.take_back_retry(was darkroom.bulk_items) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  task darkroom.tasks;
begin
  perform j.id from darkroom.tasks t join pgboss.job j on j.id = t.id and j.name in (t.queue, 'delayed')
  where t.id = was.task_id for update of j;
  select * into task from darkroom.tasks t where t.id = was.task_id for update;
  if task.id is null or task.state <> 'PENDING' or task.attempts <> was.attempts then
    return false;
  end if;
  perform darkroom.take_back_many(was.operation_id, array[was.task_id]);
  return true;
end;
$$;
comment on function darkroom.take_back_retry(darkroom.bulk_items) is 'Undoes the retry of a task that has not started since';

-- One task of a batch. `outcome` is null where the task was changed, else why it was not; `lane` has work then.
create function darkroom.bulk_act_on(
  op darkroom.bulk_operations, original darkroom.bulk_operations, task darkroom.tasks, eta timestamptz
) returns table (outcome text, lane text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  was darkroom.bulk_items;
  request record;
begin
  if original.id is not null then
    select * into was from darkroom.bulk_items i where i.operation_id = original.id and i.task_id = task.id;
  end if;
  case coalesce('undo ' || original.action, op.action)
    when 'retry' then
      select * into request from darkroom.request_retry(task.id);
      lane := request.queue;
      if request.accepted and eta > now() then
        select r.lane into lane from darkroom.request_change(task.id, jsonb_build_object('eta', eta)) r;
      end if;
      outcome := case when request.accepted then null else 'not_retryable' end;
    when 'cancel' then
      select * into request from darkroom.request_cancel(task.id);
      lane := case when request.state = 'STARTED' then 'stop' end;
      outcome := case when request.accepted then null else 'finished' end;
    when 'move' then
      select * into request from darkroom.request_change(task.id, jsonb_build_object('queue', op.queue));
      lane := request.lane;
      outcome := case when request.accepted then null else 'not_waiting' end;
    when 'undo retry' then
      outcome := case when darkroom.take_back_retry(was) then null else 'moved_on' end;
    when 'undo cancel' then
      outcome := 'moved_on';
      if task.state = 'REVOKED' and task.error ->> 'type' = 'cancelled' and task.attempts = was.attempts then
        if was.state = 'STARTED' then
          outcome := 'was_running';
        else
          select * into request from darkroom.request_retry(task.id);
          lane := request.queue;
          if was.eta > now() then
            select r.lane into lane from darkroom.request_change(task.id, jsonb_build_object('eta', was.eta)) r;
          end if;
          outcome := null;
        end if;
      end if;
    when 'undo move' then
      outcome := 'moved_on';
      if task.queue = original.queue then
        select * into request from darkroom.request_change(task.id, jsonb_build_object('queue', was.queue));
        lane := request.lane;
        outcome := case when request.accepted then null else 'moved_on' end;
      end if;
  end case;
  return next;
end;
$$;
comment on function darkroom.bulk_act_on(darkroom.bulk_operations, darkroom.bulk_operations, darkroom.tasks, timestamptz) is 'One task of an operation';

-- The acts on many tasks at once, each as its function for one task: for a thousand tasks a call for each took 40 times
-- the time of these statements. Tasks and jobs are locked by the caller, and fit. Each statement goes once from its array
-- to the rows by their keys: `any(array[…])` cannot be hashed or merged, so no statistics make that a scan of a table, and
-- no two lists are joined, which Postgres takes for lists of one.

create function darkroom.retry_many(ids uuid[], etas timestamptz[], jobless uuid[], have_deadlines boolean) returns text[]
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  lanes text[];
begin
  if have_deadlines then
    delete from darkroom.deadlines d using darkroom.tasks t
    where t.id = any($1) and t.expires_at is not null and d.expires_at = t.expires_at and d.task_id = t.id;
  end if;
  with task as materialized (
    update darkroom.tasks t set
      state = 'PENDING', failures = 0, crashes = 0, outages = 0, progress = null, progress_detail = null,
      error = null, eta = case when a.eta > now() then a.eta end, expires_at = null, started_at = null,
      cancel_requested_at = null, finished_at = null, worker = null
    from unnest($1, $2) with ordinality as a (id, eta, place) where t.id = any(array[a.id])
    returning t.id, t.queue, t.attempts, t.eta, a.place
  ), job as (
    update pgboss.job j set
      name = case when task.eta is null then task.queue else 'delayed' end, state = 'created',
      start_after = coalesce(task.eta, now()), completed_on = null, output = null
    from task where j.name = task.queue and j.id = any(array[task.id])
  ), event as (
    insert into darkroom.events (task_id, state, attempt) select id, 'PENDING', attempts from task order by place
  )
  select array_agg(distinct case when eta is null then queue else 'delayed' end) into lanes from task;
  if jobless is not null then
    insert into pgboss.job (
      id, name, data, priority, policy, retry_limit, retry_count, expire_seconds, deletion_seconds, keep_until, start_after
    )
    select
      t.id, case when t.eta is null then t.queue else 'delayed' end, jsonb_build_object('task', t.task), t.priority,
      'standard', 2147483647, t.attempts, 2147483647, t.result_expires, 'infinity', coalesce(t.eta, now())
    from unnest(jobless) with ordinality as a (id, place) join darkroom.tasks t on t.id = any(array[a.id])
    order by a.place;
  end if;
  return lanes;
end;
$$;
comment on function darkroom.retry_many(uuid[], timestamptz[], uuid[], boolean) is 'Reopens tasks, each for a time, those without a job with a new one; returns the queues that have work now';

create function darkroom.cancel_many(ids uuid[]) returns void
language sql set search_path = pg_catalog, pg_temp as $$
with task as materialized (
  update darkroom.tasks t set
    state = 'REVOKED', finished_at = now.at, cancel_requested_at = coalesce(t.cancel_requested_at, now.at),
    error = jsonb_build_object('type', 'cancelled', 'message', case t.attempts
      when 0 then 'It was cancelled before it ran'
      else 'It was cancelled while it waited for its next attempt'
    end)
  from unnest($1) as a (id) cross join lateral (select clock_timestamp() as at) now
  where t.id = any(array[a.id])
  returning t.id, t.queue, t.attempts, t.error, t.finished_at as at
), job as (
  update pgboss.job j set name = task.queue, state = 'cancelled', completed_on = task.at
  from task where j.name in (task.queue, 'delayed') and j.id = any(array[task.id]) and j.state < 'completed'
)
insert into darkroom.events (task_id, at, state, attempt, error) select id, at, 'REVOKED', attempts, error from task
$$;
comment on function darkroom.cancel_many(uuid[]) is 'Ends waiting tasks as cancelled';

create function darkroom.move_many(ids uuid[], queues text[]) returns text[]
language sql set search_path = pg_catalog, pg_temp as $$
with task as materialized (
  select t.id, t.state, t.queue, t.attempts, t.error, a.queue as goal
  from unnest($1, $2) as a (id, queue) join darkroom.tasks t on t.id = any(array[a.id])
), job as (
  update pgboss.job j set
    name = case when j.start_after > now() and j.name = 'delayed' then 'delayed' else task.goal end
  from task where j.name in (task.queue, 'delayed') and j.id = any(array[task.id])
  returning j.name
), moved as (
  update darkroom.tasks t set queue = task.goal from task where t.id = any(array[task.id])
), event as (
  insert into darkroom.events (task_id, state, attempt, error)
  select id, state, attempts, case when state = 'RETRY' then error end from task
)
select array_agg(distinct name) from job
$$;
comment on function darkroom.move_many(uuid[], text[]) is 'Moves waiting tasks, each to a queue; returns the queues that have work now';

create function darkroom.take_back_many(operation uuid, ids uuid[]) returns void
language sql set search_path = pg_catalog, pg_temp as $$
with task as materialized (
  update darkroom.tasks t set
    state = was.state, error = was.error, failures = was.failures, crashes = was.crashes, outages = was.outages,
    progress = was.progress, progress_detail = was.progress_detail, eta = was.eta, expires_at = was.expires_at,
    started_at = was.started_at, finished_at = was.finished_at, cancel_requested_at = was.cancel_requested_at,
    worker = was.worker
  from unnest($2) as a (id)
  join darkroom.bulk_items was on was.operation_id = $1 and was.task_id = any(array[a.id])
  where t.id = any(array[a.id])
  returning t.id, t.queue, t.state, t.attempts, t.error
), job as (
  update pgboss.job j set
    name = task.queue, completed_on = clock_timestamp(),
    state = (case task.state when 'FAILURE' then 'failed' else 'cancelled' end)::pgboss.job_state
  from task where j.name in (task.queue, 'delayed') and j.id = any(array[task.id])
)
insert into darkroom.events (task_id, state, attempt, error) select id, state, attempts, error from task
$$;
comment on function darkroom.take_back_many(uuid, uuid[]) is 'Undoes the retry of tasks that have not started since';

-- Locks the jobs of those of many tasks that no other transaction holds (jobs before tasks, as everywhere); it waits for
-- none. A task whose job has expired has none.
create function darkroom.lock_jobs(ids uuid[], out locked uuid[], out waiting uuid[], out jobless uuid[])
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  select array_agg(job.id), array_agg(job.id) filter (where job.state in ('created', 'retry')) into locked, waiting
  from (
    select j.id, j.state from unnest(ids) as a (id)
    join darkroom.tasks t on t.id = any(array[a.id])
    -- The job of a finished task is never among the delayed ones, which are a table of their own.
    cross join lateral (select t.queue as name union all select 'delayed' where t.finished_at is null) lane
    join pgboss.job j on j.name = lane.name and j.id = any(array[t.id])
    for update of j skip locked
  ) job;
  if cardinality(locked) is distinct from cardinality(ids) then
    select array_agg(t.id) into jobless from darkroom.tasks t
    where t.id = any(ids)
      and not exists (select from pgboss.job j where j.name in (t.queue, 'delayed') and j.id = any(array[t.id]));
  end if;
end;
$$;
comment on function darkroom.lock_jobs(uuid[]) is 'Locks those jobs of many tasks that no other transaction holds: their tasks, those of them that wait, and tasks without a job';

create function darkroom.bulk_sight(op darkroom.bulk_operations, out kinds text[], out queues text[], out owner text)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select s.kinds, s.queues, s.owner from jsonb_to_record(op.sight) as s (kinds text[], queues text[], owner text)
$$;
comment on function darkroom.bulk_sight(darkroom.bulk_operations) is 'What the key of an operation is limited to; null: not limited';

-- Acts on those tasks of a batch that are free and as the act expects them. Films are left to the act on one task: each
-- may have one open task only, and parts of its own.
create function darkroom.bulk_act_on_many(op darkroom.bulk_operations, original darkroom.bulk_operations, ids uuid[])
returns table (changed uuid[], lanes text[])
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  act text := coalesce('undo ' || original.action, op.action);
  sight record := darkroom.bulk_sight(op);
  job record := darkroom.lock_jobs(ids);
  etas timestamptz[];
  queues text[];
  have_deadlines boolean;
begin
  with free as materialized (
    select
      t.id, t.state, t.queue, t.attempts, t.failures, t.crashes, t.outages, t.progress, t.progress_detail, t.error,
      t.eta, t.expires_at, t.started_at, t.finished_at, t.cancel_requested_at, t.worker, t.created_at
    from darkroom.tasks t
    where t.id = any(case when act in ('cancel', 'move', 'undo move') then job.waiting else job.locked || job.jobless end)
      and t.task <> 'process_video' and (sight.kinds is null or t.task = any(sight.kinds))
      and (sight.queues is null or t.queue = any(sight.queues)) and (sight.owner is null or t.owner = sight.owner)
    for update skip locked
  ), fit as materialized (
    select t.*, i.eta as eta_before, i.queue as queue_before from free t
    left join darkroom.bulk_items i on i.operation_id = original.id and i.task_id = any(array[t.id])
    where exists (select from pgboss.queue q where q.name = t.queue)
      and (act <> 'undo move' or exists (select from pgboss.queue q where q.name = i.queue))
      and case act
        when 'retry' then t.state in ('FAILURE', 'REVOKED')
        when 'undo retry' then t.state = 'PENDING' and t.attempts = i.attempts
        when 'undo cancel' then t.state = 'REVOKED' and t.error ->> 'type' = 'cancelled' and t.attempts = i.attempts
          and i.state <> 'STARTED'
        when 'undo move' then t.state in ('PENDING', 'RETRY') and t.queue = original.queue
        else t.state in ('PENDING', 'RETRY')
      end
  ), kept as (
    insert into darkroom.bulk_items (
      operation_id, task_id, state, queue, attempts, failures, crashes, outages, progress, progress_detail, error, eta,
      expires_at, started_at, finished_at, cancel_requested_at, worker
    )
    select
      op.id, id, state, queue, attempts, failures, crashes, outages, progress, progress_detail, error, eta, expires_at,
      started_at, finished_at, cancel_requested_at, worker
    from fit where original.id is null
    on conflict do nothing
  )
  select
    array_agg(id order by created_at, id), array_agg(eta_before order by created_at, id),
    array_agg(coalesce(queue_before, op.queue) order by created_at, id), bool_or(expires_at is not null)
  into changed, etas, queues, have_deadlines from fit;
  if changed is null then
    return;
  end if;

  if act = 'retry' and op.over is not null then
    etas := array(
      select op.started_at + op.over * (op.done + place - 1) / greatest(op.expected, 1) * interval '1 second'
      from generate_subscripts(changed, 1) place order by place
    );
  end if;
  case act
    when 'retry', 'undo cancel' then
      lanes := darkroom.retry_many(
        changed, etas,
        (select array_agg(a.id) from (select unnest(job.jobless) as id intersect select unnest(changed)) a),
        have_deadlines
      );
    when 'cancel' then perform darkroom.cancel_many(changed);
    when 'move', 'undo move' then lanes := darkroom.move_many(changed, queues);
    when 'undo retry' then perform darkroom.take_back_many(original.id, changed);
  end case;
  return next;
end;
$$;
comment on function darkroom.bulk_act_on_many(darkroom.bulk_operations, darkroom.bulk_operations, uuid[]) is 'The tasks of a batch that are free and fit';

create function darkroom.keep_item(operation uuid, id uuid) returns void
language sql set search_path = pg_catalog, pg_temp as $$
  insert into darkroom.bulk_items (
    operation_id, task_id, state, queue, attempts, failures, crashes, outages, progress, progress_detail, error, eta,
    expires_at, started_at, finished_at, cancel_requested_at, worker
  )
  select
    $1, t.id, t.state, t.queue, t.attempts, t.failures, t.crashes, t.outages, t.progress, t.progress_detail, t.error,
    t.eta, t.expires_at, t.started_at, t.finished_at, t.cancel_requested_at, t.worker
  from darkroom.tasks t where t.id = $2
  on conflict do nothing
$$;
comment on function darkroom.keep_item(uuid, uuid) is 'Keeps a task as it is, for an undo';

-- Acts on one task of a batch; the reason where it was left as it is. A task that another transaction holds for longer
-- than half a second is passed over, as is one that has changed meanwhile.
create function darkroom.bulk_act_alone(
  op darkroom.bulk_operations, original darkroom.bulk_operations, candidate uuid, place bigint
) returns table (reason text, lane text)
language plpgsql set search_path = pg_catalog, pg_temp set lock_timeout = '500ms' as $$
declare
  sight record := darkroom.bulk_sight(op);
  task darkroom.tasks;
begin
  select * into task from darkroom.tasks t where t.id = candidate;
  if task.id is null then
    return query values ('gone', null);
    return;
  end if;
  if task.task <> all(sight.kinds) or task.queue <> all(sight.queues) or task.owner is distinct from coalesce(sight.owner, task.owner)
  then
    return query values ('beyond_limits', null);
    return;
  end if;
  if original.id is null then
    perform darkroom.keep_item(op.id, candidate);
  end if;
  select r.outcome, r.lane into reason, lane from darkroom.bulk_act_on(
    op, original, task, op.started_at + op.over * place / greatest(op.expected, 1) * interval '1 second'
  ) r;
  if reason is not null and original.id is null then
    delete from darkroom.bulk_items i where i.operation_id = op.id and i.task_id = candidate;
  end if;
  return next;
exception
  when unique_violation then return query values ('video_busy', null);
  when foreign_key_violation then return query values ('queue_gone', null);
  when lock_not_available or deadlock_detected or serialization_failure then return query values ('locked', null);
end;
$$;
comment on function darkroom.bulk_act_alone(darkroom.bulk_operations, darkroom.bulk_operations, uuid, bigint) is 'A task of a batch by itself';

-- One batch: acts, items, numbers and place, in the caller's transaction. All that are free and fit are changed by
-- a few statements, the others one by one. Everything is announced at the commit.
create function darkroom.bulk_step(operation uuid, ids uuid[], place_at timestamptz, place_id uuid)
returns table (done bigint, expected bigint)
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = 'force_generic_plan' as $$
declare
  op darkroom.bulk_operations;
  original darkroom.bulk_operations;
  candidate uuid;
  request record;
  changed uuid[] := '{}';
  lanes text[] := '{}';
begin
  select * into op from darkroom.bulk_operations o where o.id = $1 for update;
  select * into original from darkroom.bulk_operations o where o.id = op.undo_of;
  begin
    select coalesce(m.changed, '{}'), coalesce(m.lanes, '{}') into changed, lanes
    from (select) one left join darkroom.bulk_act_on_many(op, original, ids) m on true;
  exception
    -- A job that has moved to the table of another queue meanwhile cannot be locked; the others wait for each other.
    when serialization_failure or deadlock_detected then null;
  end;
  for candidate in
    select a.id from unnest(case when cardinality(changed) < cardinality(ids) then ids end) with ordinality as a (id, place)
    where a.id <> all(changed) order by a.place
  loop
    select * into request from darkroom.bulk_act_alone(op, original, candidate, op.done + cardinality(changed));
    if request.reason is not null then
      op.skipped := op.skipped || jsonb_build_object(
        request.reason, coalesce((op.skipped ->> request.reason)::bigint, 0) + 1
      );
      continue;
    end if;
    changed := changed || candidate;
    if request.lane = 'stop' then
      perform pg_notify('darkroom_cancel', candidate::text);
    elsif request.lane is not null and not request.lane = any(lanes) then
      lanes := lanes || request.lane;
    end if;
  end loop;
  perform darkroom.announce_changed(changed);
  perform pg_notify('darkroom_wake', lane) from unnest(lanes) lane;
  update darkroom.bulk_operations o set
    done = o.done + cardinality(changed), skipped = op.skipped, place_at = $3, place_id = $4
  where o.id = $1;
  return query values (op.done + cardinality(changed), op.expected);
end;
$$;
comment on function darkroom.bulk_step(uuid, uuid[], timestamptz, uuid) is 'A batch of an operation';

-- For the API, which reads no view of ops.
create view darkroom.bulk_progress as
select
  o.id,
  o.action,
  case
    when o.finished_at is not null and o.abort_at is not null then 'aborted'
    when o.finished_at is not null then 'completed'
    when t.state = 'REVOKED' then 'aborted'
    when t.state is null or t.state in ('FAILURE', 'SUCCESS') then 'failed'
    when o.started_at is null then 'waiting'
    else 'running'
  end as status,
  o.filter,
  o.queue,
  o.over,
  o.expected,
  o.is_exact as exact,
  o.done,
  o.skipped,
  o.undo_of,
  (select u.id from darkroom.bulk_operations u where u.undo_of = o.id) as undone_by,
  o.task_id,
  o.created_by,
  o.created_at,
  o.started_at,
  o.abort_at,
  o.finished_at,
  o.sight
from darkroom.bulk_operations o
left join darkroom.tasks t on t.id = o.task_id;
comment on view darkroom.bulk_progress is 'Operations with their status';

create view ops.bulk_operations as
select
  id, action, status, filter, queue, over, expected, exact, done, skipped, undo_of, undone_by, task_id, created_by,
  created_at, started_at, abort_at, finished_at
from darkroom.bulk_progress;

comment on view ops.bulk_operations is 'Acts on all tasks that match a filter, as GET /api/bulk-operations has them';
comment on column ops.bulk_operations.id is 'Id';
comment on column ops.bulk_operations.action is 'retry, cancel, forget, move; undo of one of them';
comment on column ops.bulk_operations.status is 'waiting, running, completed, aborted, failed (its task has failed: a retry of the task goes on)';
comment on column ops.bulk_operations.filter is 'Parameters of the list, frozen: no task that was submitted later fits';
comment on column ops.bulk_operations.queue is 'Queue that tasks are moved to';
comment on column ops.bulk_operations.over is 'Seconds over which retried tasks are spread';
comment on column ops.bulk_operations.expected is 'Tasks that matched when it was made';
comment on column ops.bulk_operations.exact is 'Whether expected is their number; else about so many';
comment on column ops.bulk_operations.done is 'Tasks that it has changed';
comment on column ops.bulk_operations.skipped is 'Number of tasks that it has left as they are, by reason';
comment on column ops.bulk_operations.undo_of is 'Operation that this one undoes';
comment on column ops.bulk_operations.undone_by is 'Operation that undoes this one';
comment on column ops.bulk_operations.task_id is 'Task that carries it out';
comment on column ops.bulk_operations.created_by is 'Who asked for it';
comment on column ops.bulk_operations.created_at is 'When it was asked for';
comment on column ops.bulk_operations.started_at is 'When its first batch began';
comment on column ops.bulk_operations.abort_at is 'When it was told to stop behind its batch';
comment on column ops.bulk_operations.finished_at is 'When its last batch was written';
