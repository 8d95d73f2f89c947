-- For the pages of the dashboard.

-- Tasks whose time is to come, soonest first; what is included counts them without reading them.
create index tasks_scheduled on darkroom.tasks (eta, id) include (task, queue, created_at)
  where state = 'PENDING' and eta is not null;

-- With the values in its text: the plan that the API's sessions keep for a statement knows none of them.
create function darkroom.estimate_tasks(
  state text, task text, queue text, before timestamptz, after timestamptz, scheduled boolean default false
) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  plan json;
begin
  execute format(
    'explain (format json) select from darkroom.tasks t where t.state = %L and t.created_at < %L and t.created_at > %L',
    state, before, after
  ) || case when task is null then '' else format(' and t.task = %L', task) end
    || case when queue is null then '' else format(' and t.queue = %L', queue) end
    || case when scheduled then ' and t.eta > now()' else '' end
  into plan;
  return (plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
end;
$$;
comment on function darkroom.estimate_tasks(text, text, text, timestamptz, timestamptz, boolean) is 'How many tasks of a state, and of a kind and queue where given, there are by the statistics of Postgres';

-- Changes a task that waits: what is given of priority, queue, eta (null: as soon as possible) and tags. Like every act
-- it locks the job first. `lane` is the queue that may have work now.
create function darkroom.request_change(uuid, change jsonb) returns table (state text, accepted boolean, lane text)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  job record;
  task darkroom.tasks;
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
  update pgboss.job j set name = lane, priority = task.priority, start_after = job.start_after
  where j.name = job.name and j.id = $1;
  update darkroom.tasks t set queue = task.queue, priority = task.priority, tags = task.tags, eta = task.eta
  where t.id = $1;
  insert into darkroom.events (task_id, state, attempt, error)
  select $1, task.state, task.attempts, case when task.state = 'RETRY' then task.error end;
  return query values (task.state, true, lane);
end;
$$;
comment on function darkroom.request_change(uuid, jsonb) is 'Changes a task that waits, for HTTP; no row for an unknown id';
