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

-- What an undo needs: each task that was changed, as it was.
create table darkroom.bulk_items (
  operation_id uuid not null references darkroom.bulk_operations on delete cascade,
  task_id uuid not null,
  before jsonb not null,
  primary key (operation_id, task_id)
);
comment on table darkroom.bulk_items is 'Tasks that an operation has changed, for its undo';
comment on column darkroom.bulk_items.operation_id is 'Operation';
comment on column darkroom.bulk_items.task_id is 'Task';
comment on column darkroom.bulk_items.before is 'What is brought back';

-- Brings a task that was retried back to how it had ended, unless an attempt has begun.
create function darkroom.take_back_retry(uuid, before jsonb) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  was darkroom.tasks := jsonb_populate_record(null::darkroom.tasks, before);
  task darkroom.tasks;
begin
  perform j.id from darkroom.tasks t join pgboss.job j on j.id = t.id and j.name in (t.queue, 'delayed')
  where t.id = $1 for update of j;
  select * into task from darkroom.tasks t where t.id = $1 for update;
  if task.id is null or task.state <> 'PENDING' or task.attempts <> was.attempts then
    return false;
  end if;
  update pgboss.job j set
    name = task.queue, completed_on = clock_timestamp(),
    state = (case was.state when 'FAILURE' then 'failed' else 'cancelled' end)::pgboss.job_state
  where j.id = $1 and j.name in (task.queue, 'delayed');
  update darkroom.tasks t set
    state = was.state, error = was.error, failures = was.failures, crashes = was.crashes, outages = was.outages,
    progress = was.progress, progress_detail = was.progress_detail, eta = was.eta, expires_at = was.expires_at,
    started_at = was.started_at, finished_at = was.finished_at, cancel_requested_at = was.cancel_requested_at,
    worker = was.worker
  where t.id = $1;
  insert into darkroom.events (task_id, state, attempt, error) values ($1, was.state, task.attempts, was.error);
  return true;
end;
$$;
comment on function darkroom.take_back_retry(uuid, jsonb) is 'Undoes the retry of a task that has not started since';

-- One task of a batch. `outcome` is null where the task was changed, else why it was not; `lane` has work then.
create function darkroom.bulk_act_on(op darkroom.bulk_operations, task darkroom.tasks, undone jsonb, eta timestamptz)
returns table (outcome text, lane text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  act text := coalesce(undone ->> 'act', op.action);
  request record;
begin
  case act
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
      outcome := case when darkroom.take_back_retry(task.id, undone -> 'before') then null else 'moved_on' end;
    when 'undo cancel' then
      outcome := 'moved_on';
      if task.state = 'REVOKED' and task.error ->> 'type' = 'cancelled'
        and task.attempts = (undone -> 'before' ->> 'attempts')::int
      then
        if undone -> 'before' ->> 'state' = 'STARTED' then
          outcome := 'was_running';
        else
          select * into request from darkroom.request_retry(task.id);
          lane := request.queue;
          if (undone -> 'before' ->> 'eta')::timestamptz > now() then
            select r.lane into lane
            from darkroom.request_change(task.id, jsonb_build_object('eta', undone -> 'before' -> 'eta')) r;
          end if;
          outcome := null;
        end if;
      end if;
    when 'undo move' then
      outcome := 'moved_on';
      if task.queue = undone ->> 'queue' then
        select * into request
        from darkroom.request_change(task.id, jsonb_build_object('queue', undone -> 'before' -> 'queue'));
        lane := request.lane;
        outcome := case when request.accepted then null else 'moved_on' end;
      end if;
  end case;
  return next;
end;
$$;
comment on function darkroom.bulk_act_on(darkroom.bulk_operations, darkroom.tasks, jsonb, timestamptz) is 'One task of an operation';

-- One batch: acts, items, numbers and place, in the caller's transaction. A task that another transaction holds for
-- longer than half a second is skipped, as is one that has changed meanwhile. Everything is announced at the commit.
create function darkroom.bulk_step(operation uuid, ids uuid[], place_at timestamptz, place_id uuid)
returns table (done bigint, expected bigint)
language plpgsql
set search_path = pg_catalog, pg_temp set plan_cache_mode = 'force_generic_plan' set lock_timeout = '500ms' as $$
declare
  op darkroom.bulk_operations;
  original darkroom.bulk_operations;
  task darkroom.tasks;
  candidate uuid;
  undone jsonb;
  request record;
  counted int := 0;
  changed uuid[] := '{}';
  lanes text[] := '{}';
  reason text;
begin
  select * into op from darkroom.bulk_operations o where o.id = $1 for update;
  select * into original from darkroom.bulk_operations o where o.id = op.undo_of;
  foreach candidate in array ids loop
    select * into task from darkroom.tasks t where t.id = candidate;
    undone := null;
    if original.id is not null then
      select jsonb_build_object('act', 'undo ' || original.action, 'queue', original.queue, 'before', i.before)
      into undone from darkroom.bulk_items i where i.operation_id = original.id and i.task_id = candidate;
    end if;
    begin
      if task.id is null then
        reason := 'gone';
      else
        select * into request from darkroom.bulk_act_on(
          op, task, undone, op.started_at + op.over * (op.done + counted) / greatest(op.expected, 1) * interval '1 second'
        );
        reason := request.outcome;
      end if;
    exception
      when unique_violation then reason := 'video_busy';
      when lock_not_available or deadlock_detected or serialization_failure then reason := 'locked';
    end;
    if reason is not null then
      op.skipped := op.skipped || jsonb_build_object(reason, coalesce((op.skipped ->> reason)::bigint, 0) + 1);
      continue;
    end if;
    counted := counted + 1;
    changed := changed || candidate;
    if request.lane = 'stop' then
      perform pg_notify('darkroom_cancel', candidate::text);
    elsif request.lane is not null and not request.lane = any(lanes) then
      lanes := lanes || request.lane;
    end if;
    if original.id is null then
      insert into darkroom.bulk_items (operation_id, task_id, before) values ($1, candidate, jsonb_build_object(
        'state', task.state, 'queue', task.queue, 'attempts', task.attempts, 'eta', task.eta, 'error', task.error,
        'failures', task.failures, 'crashes', task.crashes, 'outages', task.outages, 'progress', task.progress,
        'progress_detail', task.progress_detail, 'expires_at', task.expires_at, 'started_at', task.started_at,
        'finished_at', task.finished_at, 'cancel_requested_at', task.cancel_requested_at, 'worker', task.worker
      )) on conflict do nothing;
    end if;
  end loop;
  perform darkroom.announce_changed(changed);
  perform pg_notify('darkroom_wake', lane) from unnest(lanes) lane;
  update darkroom.bulk_operations o set
    done = o.done + counted, skipped = op.skipped, place_at = $3, place_id = $4
  where o.id = $1;
  return query values (op.done + counted, op.expected);
end;
$$;
comment on function darkroom.bulk_step(uuid, uuid[], timestamptz, uuid) is 'A batch of an operation';

create view ops.bulk_operations as
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
  o.finished_at
from darkroom.bulk_operations o
left join darkroom.tasks t on t.id = o.task_id;

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
