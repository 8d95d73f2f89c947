-- What the database server itself knows: locks on our tables, and their sizes.

-- As the role of the service, which may see other sessions' queries where it has pg_read_all_stats.
create function darkroom.lock_holders() returns table (
  pid int, login text, application text, client text, state text, since timestamptz, changed_at timestamptz,
  tables text[], waits boolean, blocks int[], blocked_by int[], query text
) language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with waiting as materialized (
    select w.pid, pg_blocking_pids(w.pid) as blockers
    from (select distinct l.pid from pg_locks l where not l.granted) w
  ), held as (
    select l.pid, bool_or(not l.granted) as waits,
      array_agg(distinct format('%I.%I %s', n.nspname, c.relname, l.mode)) as tables
    from pg_locks l
    join pg_class c on c.oid = l.relation and c.relkind in ('r', 'p')
    join pg_namespace n on n.oid = c.relnamespace and n.nspname in ('darkroom', 'pgboss')
    where l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.pid <> pg_backend_pid()
    group by l.pid
  )
  select
    held.pid, a.usename, a.application_name, coalesce(a.client_hostname, host(a.client_addr)), a.state, a.xact_start,
    a.state_change, held.tables, held.waits,
    array(select w.pid from waiting w where held.pid = any(w.blockers) order by 1),
    coalesce((select w.blockers from waiting w where w.pid = held.pid), '{}'), a.query
  from held join pg_stat_activity a on a.pid = held.pid
$$;
comment on function darkroom.lock_holders() is 'Sessions with locks on the tables of darkroom and pgboss; ops.locks shows them';

create view ops.locks as
select
  pid, login, application, client, state, since,
  extract(epoch from clock_timestamp() - since)::float8 as age,
  case when state like 'idle in transaction%' then extract(epoch from clock_timestamp() - changed_at)::float8 end as idle,
  tables, blocks, blocked_by, query,
  format('select pg_terminate_backend(%s)', pid) as ends_it
from darkroom.lock_holders();

comment on view ops.locks is 'Sessions that hold or await locks on the tables of Darkroom. The first to end is one that is idle in transaction and blocks others';
comment on column ops.locks.pid is 'Process id of the session';
comment on column ops.locks.login is 'Role of the session';
comment on column ops.locks.application is 'application_name; those of Darkroom begin with darkroom';
comment on column ops.locks.client is 'Host or address of the client; null for a Unix socket';
comment on column ops.locks.state is 'active, idle in transaction, … Null where the role of the service has no pg_read_all_stats';
comment on column ops.locks.since is 'When its transaction began';
comment on column ops.locks.age is 'Seconds since then';
comment on column ops.locks.idle is 'Seconds since it sent its last statement, where it is idle in transaction';
comment on column ops.locks.tables is 'Tables and lock modes';
comment on column ops.locks.blocks is 'Process ids of the sessions that wait for it';
comment on column ops.locks.blocked_by is 'Process ids of the sessions that it waits for';
comment on column ops.locks.query is 'Its statement, or the last one';
comment on column ops.locks.ends_it is 'Statement that ends the session, for a superuser or pg_signal_backend; operators use ops.end_session(pid)';

-- Growth is what comes in a day, by the tasks (or films) of the last day; what expires meanwhile is not taken off.
create view ops.sizes as
with relations as materialized (
  select n.nspname as schema, c.relname as name, c.oid, c.relkind = 'i' as is_index, t.relname as table_name, c.reltuples,
    pg_relation_size(c.oid) + case when c.relkind = 'r' and c.reltoastrelid <> 0 then pg_total_relation_size(c.reltoastrelid) else 0 end as bytes
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace and n.nspname in ('darkroom', 'pgboss')
  left join pg_index i on i.indexrelid = c.oid
  join pg_class t on t.oid = coalesce(i.indrelid, c.oid)
  where c.relkind in ('r', 'i')
), day as materialized (
  select
    sum(n * 86400 / greatest(1, least(86400, case when n = 20000 then span else 86400 end))) as tasks,
    (select count(*) from darkroom.films f where f.created_at > now() - interval '1 day') as films
  from darkroom.task_groups g
  cross join lateral (
    select count(*) as n, extract(epoch from now() - min(created_at))::float8 as span
    from (
      select t.created_at from darkroom.tasks t
      where t.state = g.state and t.task = g.task and t.queue = g.queue and t.created_at > now() - interval '1 day'
      order by t.created_at desc
      limit 20000
    ) newest
  ) counted
), total as materialized (
  select
    max(reltuples) filter (where schema = 'darkroom' and name = 'tasks') as tasks,
    max(reltuples) filter (where schema = 'darkroom' and name = 'films') as films
  from relations
)
select
  r.schema, r.name, case when r.is_index then 'index' else 'table' end as type, r.table_name,
  case when r.reltuples >= 0 then r.reltuples::bigint end as rows, r.bytes,
  round(case
    when r.table_name in ('tasks', 'attempts', 'events', 'deadlines') or r.table_name ~ '^(job|j[0-9a-f]+)' then
      r.bytes * day.tasks / nullif(greatest(total.tasks, day.tasks), 0)
    when r.table_name in ('films', 'print_sets', 'prints') then
      r.bytes * day.films / nullif(greatest(total.films, day.films), 0)
  end)::bigint as growth_per_day
from relations r cross join day cross join total;

comment on view ops.sizes is 'Tables and indexes of Darkroom and pg-boss, with an estimate of what comes in a day';
comment on column ops.sizes.schema is 'darkroom or pgboss';
comment on column ops.sizes.name is 'Name of the table or index';
comment on column ops.sizes.type is 'table or index';
comment on column ops.sizes.table_name is 'The table itself, or that of the index';
comment on column ops.sizes.rows is 'Rows, as Postgres estimated at the last analyze; null before the first';
comment on column ops.sizes.bytes is 'Size on disk, large values included';
comment on column ops.sizes.growth_per_day is 'Bytes that the tasks or films of the last day take; what expires meanwhile is not taken off. Null for tables that do not grow with them';
