-- Keys take turns in the queue "media", whose tasks last for minutes: 200 films of one key do not hold up the first film of
-- another. pg-boss has groups of jobs (group_id), but only limits how many of a group run at once. So the order is decided
-- when a job comes to the queue, by the time that workers claim by (created_on): this is start-time fair queueing, and a
-- claim is the same statement with the same plan as without it. `start_after` has the time since when a job waits.
--
-- A job comes right behind what is served now, but a step behind the last waiting or running one of its own key: jobs of
-- keys that wait alternate, one each. Priority goes first, as ever; there are turns for each priority. Nothing is
-- remembered: what is cancelled counts no more.

create index darkroom_turns on pgboss.job (name, group_id, priority, created_on)
  where state < 'active' and group_id is not null;

-- Volatile, so that each row of a statement sees those before it. By plans that an empty table does not lead astray: the
-- ranges of one priority, as job_i15 has the order of created_on, too, and with it all jobs that have ended. Two
-- transactions at once may give two jobs the same place, which is fair, too.
create function darkroom.turn_of(queue text, priority int, key_name text) returns timestamptz
language plpgsql volatile set search_path = pg_catalog, pg_temp set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  front timestamptz;
  served timestamptz;
  own_served timestamptz;
  own timestamptz;
begin
  select j.created_on into front from pgboss.job j
  where j.name = $1 and j.priority between $2 and $2 and j.state < 'active' and not j.blocked
  order by j.priority desc, j.created_on limit 1;
  select max(j.created_on), max(j.created_on) filter (where j.group_id = $3) into served, own_served from pgboss.job j
  where j.name = $1 and j.state = 'active' and j.group_id is not null and j.priority = $2;
  select j.created_on into own from pgboss.job j
  where j.name = $1 and j.group_id = $3 and j.priority between $2 and $2 and j.state < 'active'
  order by j.priority desc, j.created_on desc limit 1;
  return greatest(
    coalesce(front + interval '1 microsecond', now()), served + interval '1 microsecond',
    greatest(own, own_served) + interval '1 millisecond'
  );
end;
$$;
comment on function darkroom.turn_of(text, int, text) is 'The place of a further job of a key in a queue in which keys take turns: the created_on by which workers claim it';

-- For every way into the queue: HTTP, SQL, programs, parts of films, and times that have come (a move from the queue
-- "delayed" is an insert here). A job that has a key already has its place: that of a retry, or of a film's first part.
create function darkroom.take_turn() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.group_id := coalesce((select t.created_by from darkroom.tasks t where t.id = new.id), '');
  new.created_on := darkroom.turn_of(new.name, new.priority, new.group_id);
  return new;
end;
$$;
comment on function darkroom.take_turn() is 'Gives a job its place in a queue in which keys take turns';

create trigger take_turn before insert on pgboss.job
  for each row when (new.name = 'media' and new.group_id is null) execute function darkroom.take_turn();

-- The DBA's seat ------------------------------------------------------------------------------------------------------------

create view ops.turns as
select
  coalesce(w.queue, r.queue) as queue, nullif(coalesce(w.key_name, r.key_name), '') as created_by,
  coalesce(w.waiting, 0) as waiting, coalesce(r.running, 0) as running, w.next_task, w.waits_since
from (
  select
    j.name as queue, j.group_id as key_name, count(*)::int as waiting, min(j.start_after) as waits_since,
    (array_agg(j.id order by j.priority desc, j.created_on))[1] as next_task
  from pgboss.job j
  where j.state < 'active' and not j.blocked and j.group_id is not null
    and j.name in (select q.name from pgboss.queue q where q.name <> 'delayed')
  group by j.name, j.group_id
) w
full join (
  select h.queue, coalesce(t.created_by, '') as key_name, count(*)::int as running
  from darkroom.in_hand h join darkroom.tasks t on t.id = h.id
  where h.queue = 'media' and not h.ahead
  group by h.queue, coalesce(t.created_by, '')
) r on r.queue = w.queue and r.key_name = w.key_name;

comment on view ops.turns is 'Queues in which keys take turns: what waits and runs of each key';
comment on column ops.turns.queue is 'Name of the queue';
comment on column ops.turns.created_by is 'Name of the key; null: what was submitted without one, which has a turn, too';
comment on column ops.turns.waiting is 'Waiting tasks of the key';
comment on column ops.turns.running is 'Tasks of the key whose bodies run';
comment on column ops.turns.next_task is 'The task of the key that is next';
comment on column ops.turns.waits_since is 'Since when the oldest of them has waited';
