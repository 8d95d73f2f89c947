-- The role of API and workers, where it is another one than the owner of the tables: it reads and writes rows and calls
-- functions. It makes, changes and drops no table, and adds to the audit without changing it.

-- Called at each start after the migrations. Grants only what is missing: a grant writes to the catalog each time.
create function darkroom.share_app() returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  statement text;
begin
  if not exists (select from pg_roles where rolname = 'darkroom_app') then
    return;
  end if;
  for statement in
    select format('grant usage on schema %I to darkroom_app', name)
    from unnest(array['darkroom', 'pgboss', 'ops']) name
    where not has_schema_privilege('darkroom_app', name, 'usage')
    union all
    select format('grant %s on %s to darkroom_app', string_agg(privilege, ', '), c.oid::regclass)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    cross join unnest(case
      when c.relkind = 'v' then array['select']
      when n.nspname || '.' || c.relname = 'darkroom.acts' then '{}'
      when n.nspname || '.' || c.relname = 'darkroom.audit' then array['select', 'insert']
      when n.nspname || '.' || c.relname in ('darkroom.audit_seals', 'darkroom.migrations', 'darkroom.migrations_lock')
        then array['select']
      -- pg-boss notes there when it has looked at its schedules.
      when n.nspname || '.' || c.relname = 'pgboss.version' then array['select', 'update']
      else array['select', 'insert', 'update', 'delete']
    end) privilege
    where n.nspname in ('darkroom', 'pgboss', 'ops') and c.relkind in ('r', 'p', 'v')
      and not has_table_privilege('darkroom_app', c.oid, privilege)
    group by c.oid
    union all
    select format('grant usage on sequence %s to darkroom_app', c.oid::regclass)
    from pg_class c
    where c.relnamespace in ('darkroom'::regnamespace, 'pgboss'::regnamespace)
      and case c.relkind when 'S' then not has_sequence_privilege('darkroom_app', c.oid, 'usage') else false end
  loop
    execute statement;
  end loop;
end;
$$;
comment on function darkroom.share_app() is 'Grants darkroom_app its rights, as far as they are missing; does nothing where there is no such role';

-- The only table that a worker makes while it runs: that of the queue of alarms, if a DBA has removed it.
create function darkroom.restore_due_queue() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pgboss.create_queue('due', '{"partition": true, "policy": "standard", "retryLimit": 0}')
  where not exists (select from pgboss.queue q where q.name = 'due');
  execute format(
    'create index if not exists darkroom_alarms on pgboss.%I (start_after) where state < %L',
    (select q.table_name from pgboss.queue q where q.name = 'due'), 'active'
  );
  perform darkroom.share_app();
end;
$$;
comment on function darkroom.restore_due_queue() is 'Makes the queue of alarms again, with its index';
