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
