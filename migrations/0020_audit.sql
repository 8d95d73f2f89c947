-- Who did what. A line is written by the transaction of the act: no act without its line, no line without its act.

create table darkroom.audit (
  number bigint generated always as identity primary key,
  id uuid not null default darkroom.new_id(),
  at timestamptz not null default clock_timestamp(),
  actor_kind text not null
    constraint audit_actor_kind check (actor_kind in ('key', 'session', 'proxy', 'sql', 'cli', 'anonymous', 'system')),
  actor_id text,
  actor_name text,
  ip text,
  request_id text,
  action text not null constraint audit_action check (action ~ '^[a-z_]+\.[a-z_]+$'),
  target_type text not null,
  target_id text,
  outcome text not null default 'done' constraint audit_outcome check (outcome in ('done', 'refused')),
  detail jsonb not null default '{}' constraint audit_detail check (octet_length(detail::text) <= 2048)
);
create index audit_at on darkroom.audit (at, id);
create index audit_target on darkroom.audit (target_id, at);
create index audit_action_at on darkroom.audit (action, at);

comment on table darkroom.audit is 'Who did what. Lines are only ever added; darkroom.expire_audit alone removes old ones';
comment on column darkroom.audit.number is 'Order in which lines were written; rolled back acts leave gaps';
comment on column darkroom.audit.at is 'When';
comment on column darkroom.audit.target_id is 'Null where an act had many targets: detail has their count';
comment on column darkroom.audit.request_id is 'X-Request-Id of the answer; null outside of HTTP';

-- A detail that is too long keeps the names of its fields.
create function darkroom.short_detail(detail jsonb) returns jsonb language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case
    when octet_length($1::text) <= 2048 then $1
    else jsonb_build_object('fields', (select to_jsonb((array_agg(left(key, 50)))[:20]) from jsonb_object_keys($1) key))
  end
$$;
comment on function darkroom.short_detail(jsonb) is 'Fits a detail into a line of the audit';

-- Acts by SQL --------------------------------------------------------------------------------------------------------

-- A statement of a DBA may call a function for 100,000 tasks, which is one act. Its calls are noted here, and written to
-- the audit when the transaction commits: no other transaction ever sees a row of this table.
create table darkroom.acts (
  number bigint generated always as identity primary key,
  xid text not null default pg_current_xact_id()::text,
  -- The first one of its transaction has the trigger that writes all.
  first boolean not null,
  at timestamptz not null default clock_timestamp(),
  actor_name text not null,
  ip text,
  action text not null,
  target_type text not null,
  target_id text,
  count bigint not null,
  detail jsonb not null
);
create index acts_xid on darkroom.acts (xid);
comment on table darkroom.acts is 'Acts by SQL of transactions that have not committed';

create function darkroom.record_sql_act(action text, target_type text, target_id text, detail jsonb default '{}')
returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into darkroom.acts (first, actor_name, ip, action, target_type, target_id, count, detail)
  values (
    not exists (select from darkroom.acts a where a.xid = pg_current_xact_id()::text),
    session_user, host(inet_client_addr()), $1, $2, $3, coalesce((($4) ->> 'count')::bigint, 1), darkroom.short_detail($4)
  )
$$;
comment on function darkroom.record_sql_act(text, text, text, jsonb) is 'Notes an act of the login role, for the functions of the schema ops';

create function darkroom.write_acts() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  with mine as (
    delete from darkroom.acts a where a.xid = pg_current_xact_id()::text returning a.*
  ), placed as (
    select m.*, count(*) over same as calls, row_number() over (same order by m.number) as place from mine m
    window same as (partition by m.actor_name, m.action, m.target_type, m.target_id is null)
  ), line as (
    select at, actor_name, ip, action, target_type, target_id, detail, number from placed where calls <= 20
    union all
    select
      min(at), actor_name, min(ip), action, target_type, null,
      jsonb_build_object('count', sum(count)) || case when min(target_id) is null then '{}' else
        jsonb_build_object('first', jsonb_agg(target_id order by number) filter (where place <= 10))
      end,
      min(number)
    from placed where calls > 20
    group by actor_name, action, target_type, target_id is null
  )
  insert into darkroom.audit (at, actor_kind, actor_name, ip, action, target_type, target_id, detail)
  select at, 'sql', actor_name, ip, action, target_type, target_id, darkroom.short_detail(detail) from line order by number;
  return null;
end;
$$;
comment on function darkroom.write_acts() is 'Writes the acts of this transaction to the audit; more than 20 of a kind are one line with their count';

create constraint trigger write_acts after insert on darkroom.acts deferrable initially deferred
  for each row when (new.first) execute function darkroom.write_acts();

-- Nothing is changed --------------------------------------------------------------------------------------------------

create function darkroom.keep_audit() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  stack text;
begin
  get diagnostics stack = pg_context;
  if tg_op = 'DELETE' and stack ~ '(?n)^PL/pgSQL function darkroom\.expire_audit\(' then
    return null;
  end if;
  raise exception using
    errcode = 'DR403', message = format('Lines of %I.%I are never changed and never removed', tg_table_schema, tg_table_name),
    hint = 'AUDIT_EXPIRES says how long they stay';
end;
$$;
comment on function darkroom.keep_audit() is 'Refuses to change or remove lines of the audit and its seals';

create trigger keep_audit before update or delete or truncate on darkroom.audit
  for each statement execute function darkroom.keep_audit();

-- Seals ---------------------------------------------------------------------------------------------------------------

create table darkroom.audit_seals (
  number bigint primary key,
  sealed_at timestamptz not null default clock_timestamp(),
  first bigint not null,
  last bigint not null,
  lines bigint not null,
  previous text not null,
  sha256 text not null
);
comment on table darkroom.audit_seals is 'A chain over the audit, a link each hour in which lines were written. Workers log each link, so that a rewritten chain differs from the logs';
comment on column darkroom.audit_seals.first is 'Number of the first line';
comment on column darkroom.audit_seals.last is 'Number of the last line';
comment on column darkroom.audit_seals.previous is 'sha256 of the seal before';
comment on column darkroom.audit_seals.sha256 is 'Over the seal before, first, last and every line';

create trigger keep_audit before update or delete or truncate on darkroom.audit_seals
  for each statement execute function darkroom.keep_audit();

-- Without jsonb_build_array a text could be moved from one column to the next.
create function darkroom.digest_audit(previous text, first bigint, last bigint, out lines bigint, out sha256 text)
language sql stable set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
  select
    count(*),
    encode(pg_catalog.sha256(convert_to(
      format('%s %s %s', $1, $2, $3) || coalesce(string_agg(E'\n' || jsonb_build_array(
        a.number, a.id, a.at, a.actor_kind, a.actor_id, a.actor_name, a.ip, a.request_id, a.action, a.target_type,
        a.target_id, a.outcome, a.detail
      )::text, '' order by a.number), ''),
      'UTF8'
    )), 'hex')
  from darkroom.audit a where a.number between $2 and $3
$$;
comment on function darkroom.digest_audit(text, bigint, bigint) is 'The sha256 of a seal, as the lines are now';

-- The lock waits for acts that are being written: a line that came later under a smaller number would have no seal. Acts
-- take milliseconds; where one takes longer the next call seals.
create function darkroom.seal_audit() returns setof darkroom.audit_seals
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '500ms' as $$
declare
  before darkroom.audit_seals;
  seal darkroom.audit_seals;
begin
  lock table darkroom.audit in share row exclusive mode;
  select * into before from darkroom.audit_seals s order by s.number desc limit 1;
  select min(a.number), max(a.number) into seal.first, seal.last
  from darkroom.audit a where a.number > coalesce(before.last, 0);
  if seal.first is null then
    return;
  end if;
  seal.number := coalesce(before.number, 0) + 1;
  seal.sealed_at := clock_timestamp();
  seal.first := coalesce(before.last, 0) + 1;
  seal.previous := coalesce(before.sha256, '');
  select d.lines, d.sha256 into seal.lines, seal.sha256 from darkroom.digest_audit(seal.previous, seal.first, seal.last) d;
  insert into darkroom.audit_seals select seal.*;
  return next seal;
exception
  when lock_not_available then return;
end;
$$;
comment on function darkroom.seal_audit() is 'Seals the lines since the last seal; no row where there are none, or where an act is being written';

-- Whole seals with their lines, the oldest first. Not less than 30 days, whatever the caller says.
create function darkroom.expire_audit(seconds double precision) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  over darkroom.audit_seals;
  gone bigint;
begin
  select * into over from darkroom.audit_seals s
  where s.sealed_at < now() - greatest($1, 2592000) * interval '1 second' order by s.number desc limit 1;
  if over.number is null then
    return 0;
  end if;
  delete from darkroom.audit a where a.number <= over.last;
  get diagnostics gone = row_count;
  -- The newest one stays: the next seal continues from it.
  delete from darkroom.audit_seals s
  where s.number <= over.number and s.number < (select max(n.number) from darkroom.audit_seals n);
  return gone;
end;
$$;
comment on function darkroom.expire_audit(double precision) is 'Removes sealed lines of so many seconds ago, at least 30 days; returns their number';

-- The newest first, until so many lines are read: a doctor has little time.
create function darkroom.check_audit(most bigint) returns table (seals bigint, lines bigint, broken bigint, why text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  seal darkroom.audit_seals;
  after darkroom.audit_seals;
  now_is record;
begin
  seals := 0;
  lines := 0;
  for seal in select * from darkroom.audit_seals s order by s.number desc loop
    if after.number is not null and (
      after.previous <> seal.sha256 or after.first <> seal.last + 1 or after.number <> seal.number + 1
    ) then
      broken := after.number;
      why := format('it does not follow seal %s', seal.number);
      return next;
      return;
    end if;
    after := seal;
    -- Where all have expired the last seal stays without its lines.
    continue when lines >= most or seal.sealed_at < now() - interval '30 days' and not exists (
      select from darkroom.audit a where a.number <= seal.last
    );
    select * into now_is from darkroom.digest_audit(seal.previous, seal.first, seal.last);
    seals := seals + 1;
    lines := lines + now_is.lines;
    if now_is.sha256 <> seal.sha256 then
      broken := seal.number;
      why := case
        when now_is.lines <> seal.lines then format('it was made of %s lines, and there are %s', seal.lines, now_is.lines)
        else 'a line was changed'
      end;
      return next;
      return;
    end if;
  end loop;
  return next;
end;
$$;
comment on function darkroom.check_audit(bigint) is 'Compares the seals with the lines, newest first, until so many lines are read: the number of the first broken seal and why, or null';

-- The DBA's seat ------------------------------------------------------------------------------------------------------

create view ops.audit as
select
  a.id, a.at,
  jsonb_build_object('kind', a.actor_kind, 'id', a.actor_id, 'name', a.actor_name) as actor,
  a.action,
  jsonb_build_object('type', a.target_type, 'id', a.target_id) as target,
  a.outcome, a.ip, a.request_id, a.detail
from darkroom.audit a;
comment on view ops.audit is 'Who did what, for AUDIT_EXPIRES. As GET /api/audit';
comment on column ops.audit.id is 'Id';
comment on column ops.audit.at is 'When';
comment on column ops.audit.actor is 'Who: kind (key, session, proxy, sql, cli, anonymous, system), id, name; of sql the name is the login role';
comment on column ops.audit.action is 'What, such as queue.pause';
comment on column ops.audit.target is 'To what: type, and id; the id is null where there were many, of which detail has the count';
comment on column ops.audit.outcome is 'done, or refused: requests that were not allowed, gathered by address and minute';
comment on column ops.audit.ip is 'Address that it came from';
comment on column ops.audit.request_id is 'X-Request-Id of the answer; null outside of HTTP';
comment on column ops.audit.detail is 'What else is known of the act';
