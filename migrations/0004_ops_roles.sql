-- Schema ops is the DBA's seat: views, functions and two roles, kept stable like the HTTP API. It holds no tables.

create schema ops;
comment on schema ops is 'The DBA''s seat: views to read and functions to steer, with the names of the HTTP API. Roles darkroom_reader (views) and darkroom_operator (views and functions)';

-- Roles belong to the whole cluster: another database may have made them, or make them at this moment. Returns what a
-- superuser has to type where this role may not create roles; null where both exist.
create function darkroom.make_ops_roles() returns text language plpgsql as $$
declare
  role text;
begin
  foreach role in array array['darkroom_reader', 'darkroom_operator'] loop
    if exists (select from pg_catalog.pg_roles where rolname = role) then
      continue;
    end if;
    begin
      execute pg_catalog.format('create role %I nologin', role);
      if role = 'darkroom_reader' then
        alter role darkroom_reader set statement_timeout = '30s';
      else
        grant darkroom_reader to darkroom_operator;
      end if;
    exception
      -- The other transaction has committed by now. `internal_error` is "tuple concurrently updated".
      when unique_violation or duplicate_object or internal_error then null;
      when insufficient_privilege then
        return 'The roles of the schema ops do not exist, and this role may not create them. A superuser can: '
          'create role darkroom_reader nologin; create role darkroom_operator nologin in role darkroom_reader; '
          'alter role darkroom_reader set statement_timeout = ''30s''; The next start grants them their rights';
    end;
  end loop;
  return null;
end;
$$;
comment on function darkroom.make_ops_roles() is 'Makes darkroom_reader and darkroom_operator where they are missing; returns what a superuser has to type where this role may not';

-- Called at each start after the migrations, so that roles which a superuser has made meanwhile, and objects of later
-- migrations, get their rights. Grants only what is missing: a grant writes to the catalog each time.
create function darkroom.share_ops() returns text language plpgsql as $$
declare
  missing text := darkroom.make_ops_roles();
  statement text;
begin
  for statement in
    select pg_catalog.format('revoke all on function %s from public', p.oid::regprocedure)
    from pg_catalog.pg_proc p
    where p.pronamespace = 'ops'::regnamespace and (p.proacl is null or exists (
      select from pg_catalog.aclexplode(p.proacl) a where a.grantee = 0
    ))
  loop
    execute statement;
  end loop;
  if missing is not null then
    return missing;
  end if;

  for statement in
    select pg_catalog.format('grant usage on schema ops to %I', role)
    from (values ('darkroom_reader'), ('darkroom_operator')) roles (role)
    where not pg_catalog.has_schema_privilege(role, 'ops', 'usage')
    union all
    select pg_catalog.format('grant select on %s to %I', c.oid::regclass, role)
    from pg_catalog.pg_class c cross join (values ('darkroom_reader'), ('darkroom_operator')) roles (role)
    where c.relnamespace = 'ops'::regnamespace and c.relkind = 'v'
      and not pg_catalog.has_table_privilege(role, c.oid, 'select')
    union all
    select pg_catalog.format('grant execute on function %s to darkroom_operator', p.oid::regprocedure)
    from pg_catalog.pg_proc p
    where p.pronamespace = 'ops'::regnamespace
      and not pg_catalog.has_function_privilege('darkroom_operator', p.oid, 'execute')
  loop
    execute statement;
  end loop;
  return null;
end;
$$;
comment on function darkroom.share_ops() is 'Grants the two roles their rights on the schema ops, as far as they are missing';
