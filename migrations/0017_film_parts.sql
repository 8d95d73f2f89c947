-- Long films are made in parts, each a task of its own (process_video_part). The film's own task stays open meanwhile: its
-- state is STARTED, its job is active, and its worker is null, as no worker runs it. One of its parts ends it.
--
-- Locks are taken in this order: jobs and tasks of parts, the plan, job and task of the film, the film.

create table darkroom.film_plans (
  task_id uuid primary key,
  video_id uuid not null constraint film_plans_film references darkroom.films on delete cascade,
  attempt int not null,
  plan text not null,
  seconds real not null,
  worker uuid,
  failed jsonb,
  alone text,
  made_at timestamptz not null default now()
);

create index film_plans_by_video on darkroom.film_plans (video_id);

comment on table darkroom.film_plans is 'Films that are made in parts; a row goes with the end of its film''s task, or a day after that failed, so that a retry finds the parts that are made';
comment on column darkroom.film_plans.task_id is 'The film''s process_video task. Without a foreign key, which would cost every task that is forgotten a look';
comment on column darkroom.film_plans.attempt is 'With task_id: whose folder the files are in, DATA_DIR/videos/<video_id>/prints-<task_id>-<attempt>';
comment on column darkroom.film_plans.plan is 'Hash of what is to be made and how: parts of another plan are not used';
comment on column darkroom.film_plans.seconds is 'Length of the film';
comment on column darkroom.film_plans.worker is 'Worker of the attempt that made the plan';
comment on column darkroom.film_plans.failed is 'error, outcome and stderr of the part that failed for good; the film fails when its other parts have stopped';
comment on column darkroom.film_plans.alone is 'Why the film is made in one run after all, once its parts have stopped';

create table darkroom.film_parts (
  task_id uuid not null constraint film_parts_plan references darkroom.film_plans on delete cascade,
  role text not null constraint film_parts_role check (role in ('picture', 'sound', 'join')),
  number int not null default 0,
  frames int,
  part_task uuid,
  made text,
  rungs jsonb,
  made_at timestamptz,

  primary key (task_id, role, number),
  constraint film_parts_made check ((made is null) = (made_at is null))
);

create unique index film_parts_by_task on darkroom.film_parts (part_task);

comment on table darkroom.film_parts is 'The parts of a film: its sound, stretches of its picture, and the join of all of them';
comment on column darkroom.film_parts.task_id is 'As in darkroom.film_plans';
comment on column darkroom.film_parts.number is 'Of a picture, from 0';
comment on column darkroom.film_parts.frames is 'Planned frames of a picture';
comment on column darkroom.film_parts.part_task is 'The process_video_part task that makes it; null until it may begin';
comment on column darkroom.film_parts.made is 'Name of the attempt that made it, as in its files; null until then';
comment on column darkroom.film_parts.rungs is 'Segments and bytes of each rung';

-- What the film's task waits for ------------------------------------------------------------------------------------------

-- A film's task that no worker runs: its parts do.
create view darkroom.carried_films as
select p.*, t.queue, t.created_by, t.cancel_requested_at, t.attempts, t.started_at
from darkroom.film_plans p join darkroom.tasks t on t.id = p.task_id
where t.state = 'STARTED' and t.worker is null;
comment on view darkroom.carried_films is 'Films whose parts are being made';

create view darkroom.open_parts as
select p.task_id, p.role, p.number, p.part_task, t.state, t.queue
from darkroom.film_parts p join darkroom.tasks t on t.id = p.part_task
where t.finished_at is null;
comment on view darkroom.open_parts is 'Parts that wait or run';

-- How many parts of a film may be open at a time: its share of the children that take films, of which each key has the same
-- share. So films take turns: the next part of a film is submitted when one ends, and waits behind what other films of its
-- key have submitted before.
create function darkroom.share_of_film(queue text, created_by text) returns int
language sql stable set search_path = pg_catalog, pg_temp as $$
  select greatest(1, ceil(slots.count / (greatest(1, films.keys) * greatest(1, films.own))::numeric))::int
  from (
    select coalesce(sum(case when cardinality(w.queues) = 1 then w.concurrency else greatest(1, w.concurrency - 1) end), 1)
    from darkroom.workers w
    where w.status = 'running' and w.heartbeat_at > now() - 10 * interval '1 second' and w.paused_at is null
      and w.shutdown is null and $1 = any(w.queues)
  ) slots (count), (
    select
      count(distinct coalesce(c.created_by, '')), count(*) filter (where coalesce(c.created_by, '') = coalesce($2, ''))
    from darkroom.carried_films c where c.queue = $1
  ) films (keys, own)
$$;
comment on function darkroom.share_of_film(text, text) is 'How many parts of a film may be open at a time';

-- As submit/enqueue.ts writes tasks. A part has the priority, the retries and the limits of its film's task; the first one
-- has its place in the queue, too: it goes before parts of other films that came later. The others take their turn.
create function darkroom.enqueue_part(film uuid, role text, number int) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  id uuid := darkroom.new_id();
  task darkroom.tasks;
  plan darkroom.film_plans;
  more jsonb;
begin
  select * into task from darkroom.tasks t where t.id = film;
  select * into plan from darkroom.film_plans p where p.task_id = film;
  more := case
    when role = 'join' then jsonb_strip_nulls(jsonb_build_object('made', (
      select jsonb_agg(p.made order by p.number) from darkroom.film_parts p where p.task_id = film and p.role = 'picture'
    ), 'sound', (
      select p.made from darkroom.film_parts p where p.task_id = film and p.role = 'sound'
    )))
    when role = 'picture' and number > 0 then jsonb_strip_nulls(jsonb_build_object('sound', (
      select p.made from darkroom.film_parts p where p.task_id = film and p.role = 'sound'
    )))
    else '{}'
  end;
  insert into darkroom.tasks (
    id, task, queue, args, name, priority, max_retries, retry_delay, retry_backoff, retry_backoff_max, retry_jitter,
    time_limit, soft_time_limit, result_expires, tags, video_id, request_id, traceparent, created_by, owner
  ) values (
    id, 'process_video_part', task.queue, jsonb_build_object(
      'video_id', plan.video_id, 'film', jsonb_build_object('task_id', film, 'attempt', plan.attempt), 'role', role,
      'number', number
    ) || more,
    task.name, task.priority, task.max_retries, task.retry_delay, task.retry_backoff, task.retry_backoff_max,
    task.retry_jitter, task.time_limit, task.soft_time_limit, task.result_expires, task.tags, plan.video_id, task.request_id,
    task.traceparent, task.created_by, task.owner
  );
  insert into pgboss.job (
    id, name, data, priority, policy, retry_limit, expire_seconds, deletion_seconds, keep_until, created_on, group_id
  )
  select
    id, task.queue, '{"task": "process_video_part"}', task.priority, 'standard', 2147483647, 2147483647,
    task.result_expires, 'infinity', coalesce(place.created_on, clock_timestamp()), place.group_id
  from (select) part
  left join lateral (
    select j.created_on, j.group_id from pgboss.job j
    where j.name = task.queue and j.id = film and role = 'picture' and number = 0
  ) place on true;
  insert into darkroom.events (task_id, state) values (id, 'PENDING');
  update darkroom.film_parts p set part_task = id
  where p.task_id = film and p.role = enqueue_part.role and p.number = enqueue_part.number;
  perform pg_notify('darkroom_wake', task.queue), pg_notify('darkroom_changed', id::text);
end;
$$;
comment on function darkroom.enqueue_part(uuid, text, int) is 'Submits a part of a film; the plan is locked by the caller';

-- The first stretch is short and makes its own sound; the others need the sound, and the join needs all.
create function darkroom.enqueue_parts(film uuid) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  part record;
begin
  for part in
    select p.role, p.number
    from darkroom.film_parts p
    where p.task_id = film and p.part_task is null and p.made is null and not exists (
      select from darkroom.film_parts other
      where other.task_id = film and other.made is null and (
        (p.role = 'join' and other.role <> 'join') or (p.role = 'picture' and p.number > 0 and other.role = 'sound')
      )
    )
    order by p.role = 'join', p.role = 'picture' and p.number > 0, p.role, p.number
    limit greatest(0, (
      select darkroom.share_of_film(t.queue, t.created_by) from darkroom.tasks t where t.id = film
    ) - (select count(*) from darkroom.open_parts o where o.task_id = film))
  loop
    perform darkroom.enqueue_part(film, part.role, part.number);
  end loop;
end;
$$;
comment on function darkroom.enqueue_parts(uuid) is 'Submits the next parts of a film; the plan is locked by the caller';

-- A part whose job is locked is being claimed or ended by another transaction, which may wait for the plan: that one is
-- left alone, and stops when it has ended.
create function darkroom.stop_parts(film uuid) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  part uuid;
begin
  for part in
    select j.id from darkroom.open_parts o join pgboss.job j on j.id = o.part_task and j.name in (o.queue, 'delayed')
    where o.task_id = film order by j.id for update of j skip locked
  loop
    if (select r.state from darkroom.request_cancel(part) r) = 'STARTED' then
      perform pg_notify('darkroom_cancel', part::text);
    end if;
    perform pg_notify('darkroom_changed', part::text);
  end loop;
end;
$$;
comment on function darkroom.stop_parts(uuid) is 'Requests the cancellation of all open parts of a film; the plan is locked by the caller';

create function darkroom.end_film(film uuid, final text, reason jsonb, output jsonb, outcome text, stderr text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  task darkroom.tasks;
begin
  update pgboss.job j set
    state = case final when 'SUCCESS' then 'completed' when 'FAILURE' then 'failed' else 'cancelled' end::pgboss.job_state,
    completed_on = now(), output = coalesce(end_film.output, reason)
  from darkroom.tasks t
  where t.id = film and j.name = t.queue and j.id = film and j.state = 'active';
  update darkroom.tasks t set
    state = final, finished_at = clock_timestamp(), error = reason,
    worker = (select p.worker from darkroom.film_plans p where p.task_id = film),
    progress = case final when 'SUCCESS' then 1 else t.progress end,
    failures = t.failures + case final when 'FAILURE' then 1 else 0 end
  where t.id = film and t.state = 'STARTED' and t.worker is null
  returning * into task;
  if not found then
    return;
  end if;
  insert into darkroom.attempts (task_id, number, worker, started_at, outcome, error, stderr)
  select film, task.attempts, p.worker, task.started_at, end_film.outcome, reason, end_film.stderr
  from darkroom.film_plans p where p.task_id = film
  on conflict do nothing;
  insert into darkroom.events (task_id, state, attempt, error) values (film, final, task.attempts, reason);
  insert into darkroom.uncounted (minute, task, queue, succeeded, failed)
  select date_trunc('minute', now(), 'UTC'), task.task, task.queue, (final = 'SUCCESS')::int, (final = 'FAILURE')::int
  where final in ('SUCCESS', 'FAILURE');
  perform pg_notify('darkroom_changed', film::text);
end;
$$;
comment on function darkroom.end_film(uuid, text, jsonb, jsonb, text, text) is 'Ends a film''s task that its parts have carried; the plan is locked by the caller';

-- As an attempt that is tried again at once, without using up a retry.
create function darkroom.make_alone(film uuid, why text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  task darkroom.tasks;
  reason jsonb := jsonb_build_object(
    'type', 'NotInParts', 'message', format('It cannot be made in parts (%s); it is made again in one run', why)
  );
begin
  update pgboss.job j set state = 'retry', start_after = now()
  from darkroom.tasks t
  where t.id = film and j.name = t.queue and j.id = film and j.state = 'active';
  update darkroom.tasks t set state = 'RETRY', error = reason, args = t.args || '{"parts": false}'
  where t.id = film and t.state = 'STARTED' and t.worker is null
  returning * into task;
  if not found then
    return;
  end if;
  insert into darkroom.attempts (task_id, number, worker, started_at, outcome, error)
  select film, task.attempts, p.worker, task.started_at, 'failure', reason
  from darkroom.film_plans p where p.task_id = film
  on conflict do nothing;
  insert into darkroom.events (task_id, state, attempt, error) values (film, 'RETRY', task.attempts, reason);
  delete from darkroom.film_plans p where p.task_id = film;
  perform pg_notify('darkroom_changed', film::text), pg_notify('darkroom_wake', task.queue);
end;
$$;
comment on function darkroom.make_alone(uuid, text) is 'Puts a film''s task back, to be made in one run; the plan is locked by the caller';

-- Called in each transaction in which a part ends, so that the last one decides: the lock on the plan makes one of two
-- that end at once wait, and then see the other.
create function darkroom.carry_on(film uuid) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  plan darkroom.film_plans;
  cancelled boolean;
  stops boolean;
begin
  select * into plan from darkroom.film_plans p where p.task_id = film for update;
  select c.cancel_requested_at is not null into cancelled from darkroom.carried_films c where c.task_id = film;
  if not found then
    return;
  end if;
  stops := cancelled or plan.failed is not null or plan.alone is not null;
  if stops then
    perform darkroom.stop_parts(film);
  end if;
  if not stops then
    perform darkroom.enqueue_parts(film);
  elsif exists (select from darkroom.open_parts o where o.task_id = film) then
    null;
  elsif cancelled then
    perform darkroom.end_film(
      film, 'REVOKED', '{"type": "cancelled", "message": "It was cancelled while it ran"}', null, 'cancelled', null
    );
  elsif plan.failed is not null then
    perform darkroom.end_film(
      film, 'FAILURE', plan.failed -> 'error', null, coalesce(plan.failed ->> 'outcome', 'failure'), plan.failed ->> 'stderr'
    );
  else
    perform darkroom.make_alone(film, plan.alone);
  end if;
end;
$$;
comment on function darkroom.carry_on(uuid) is 'Submits the next parts of a film, or ends its task';

-- What workers call ---------------------------------------------------------------------------------------------------------

-- Returns the attempt whose folder the parts are in: an earlier one, where that had the same plan.
create function darkroom.begin_parts(
  film uuid, video uuid, attempt int, worker uuid, plan text, seconds real, frames int[], sound boolean
) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  old darkroom.film_plans;
begin
  select * into old from darkroom.film_plans p where p.task_id = film for update;
  if old.plan = begin_parts.plan then
    update darkroom.film_plans p set failed = null, alone = null, worker = begin_parts.worker where p.task_id = film;
    -- Of this attempt itself, if the answer to its commit was lost.
    update darkroom.film_parts p set part_task = null
    where p.task_id = film and p.made is null
      and not exists (select from darkroom.open_parts o where o.part_task = p.part_task);
  else
    delete from darkroom.film_plans p where p.task_id = film;
    insert into darkroom.film_plans (task_id, video_id, attempt, plan, seconds, worker)
    values (film, video, begin_parts.attempt, begin_parts.plan, begin_parts.seconds, begin_parts.worker);
    insert into darkroom.film_parts (task_id, role, number, frames)
    select film, 'picture', place - 1, count from unnest(begin_parts.frames) with ordinality as part (count, place)
    union all
    select film, 'join', 0, null
    union all
    select film, 'sound', 0, null where sound;
    old.attempt := begin_parts.attempt;
  end if;
  perform darkroom.carry_on(film);
  return old.attempt;
end;
$$;
comment on function darkroom.begin_parts(uuid, uuid, int, uuid, text, real, int[], boolean) is 'Writes the plan of a film and submits its first parts';

-- A part whose film has another plan by now changes nothing.
create function darkroom.end_part(part uuid, made text, rungs jsonb, alone text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  film uuid := (select p.task_id from darkroom.film_parts p where p.part_task = part);
begin
  perform from darkroom.film_plans p where p.task_id = film for update;
  if end_part.alone is not null then
    update darkroom.film_plans p set alone = coalesce(p.alone, end_part.alone) where p.task_id = film;
  else
    update darkroom.film_parts p set made = end_part.made, rungs = end_part.rungs, made_at = now() where p.part_task = part;
  end if;
  perform darkroom.carry_on(film);
  perform pg_notify('darkroom_changed', changed::text) from darkroom.film_progress(array[part]) changed;
end;
$$;
comment on function darkroom.end_part(uuid, text, jsonb, text) is 'Notes that a part is made, or that its film has to be made in one run, and carries on';

-- No row where the film's task is not to be ended by this part: another plan replaced its own, or the task was cancelled.
create function darkroom.end_join(part uuid, output jsonb) returns table (task_id uuid, attempt int)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  plan darkroom.film_plans;
begin
  select p.* into plan from darkroom.film_plans p
  where p.task_id = (select f.task_id from darkroom.film_parts f where f.part_task = part and f.role = 'join') for update;
  if not exists (select from darkroom.carried_films c where c.task_id = plan.task_id) then
    return;
  end if;
  perform darkroom.end_film(plan.task_id, 'SUCCESS', null, output, 'success', (
    select a.stderr from darkroom.attempts a where a.task_id = part order by a.number desc limit 1
  ));
  delete from darkroom.film_plans p where p.task_id = plan.task_id;
  return query values (plan.task_id, plan.attempt);
end;
$$;
comment on function darkroom.end_join(uuid, jsonb) is 'Ends a film''s task whose parts are joined';

-- Every end of a task writes an event, whatever ended it: a worker, HTTP, a DBA, upkeep. Ends of parts that this causes
-- itself are not looked at again.
-- Once a statement: for each row it took a sixth of the time of bringing many failures back.
create function darkroom.part_ended() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  part record;
begin
  if pg_trigger_depth() > 1 or not exists (select from darkroom.film_parts) then
    return null;
  end if;
  for part in
    select p.task_id, p.part_task, p.role, p.number, e.state, e.error
    from new_events e join darkroom.film_parts p on p.part_task = any(array[e.task_id])
    where e.state in ('FAILURE', 'REVOKED') order by e.id
  loop
    perform from darkroom.film_plans p where p.task_id = part.task_id for update;
    update darkroom.film_plans p set failed = jsonb_build_object(
      'error', case part.state when 'FAILURE' then part.error else jsonb_build_object(
        'type', 'cancelled', 'message', format('Its part %s was cancelled', coalesce(nullif(part.role, 'picture'), part.number::text))
      ) end,
      'outcome', a.outcome, 'stderr', a.stderr
    )
    from (select) one
    left join lateral (
      select outcome, stderr from darkroom.attempts where task_id = part.part_task order by number desc limit 1
    ) a on true
    where p.task_id = part.task_id and p.failed is null and p.alone is null;
    perform darkroom.carry_on(part.task_id);
  end loop;
  return null;
end;
$$;
comment on function darkroom.part_ended() is 'Lets a film fail whose part failed, when its other parts have stopped';

create trigger part_ended after insert on darkroom.events
  referencing new table as new_events for each statement execute function darkroom.part_ended();

-- A film's share is looked at when one of its parts ends, which may be minutes away: a worker that has come, or whose
-- heartbeat was late at that moment, would have nothing to do until then. The worker's row is locked here, so a plan that
-- another transaction holds is not waited for: that one looks at the share, too.
create function darkroom.film_share_grown() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  film uuid;
begin
  for film in
    select p.task_id from darkroom.film_plans p
    where p.failed is null and p.alone is null and exists (
      select from darkroom.carried_films c
      where c.task_id = p.task_id and c.cancel_requested_at is null and c.queue = any(new.queues)
    )
    order by p.task_id for update of p skip locked
  loop
    perform darkroom.enqueue_parts(film);
  end loop;
  return null;
end;
$$;
comment on function darkroom.film_share_grown() is 'Submits more parts of films when there are more children to make them';

create trigger film_share_grown_by_start after insert on darkroom.workers
  for each row execute function darkroom.film_share_grown();

create trigger film_share_grown after update on darkroom.workers
  for each row when (
    new.status = 'running' and new.paused_at is null and (
      old.status <> 'running' or old.paused_at is not null or new.concurrency > old.concurrency
      or old.heartbeat_at < new.heartbeat_at - 10 * interval '1 second'
    )
  ) execute function darkroom.film_share_grown();

-- As requested by a client: waiting parts end at once, and with them the film, unless a part runs. Jobs of parts first: a
-- part that ends meanwhile has its own job and waits for the plan.
create function darkroom.cancel_film(film uuid) returns table (state text, accepted boolean)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform from darkroom.open_parts o join pgboss.job j on j.id = o.part_task and j.name in (o.queue, 'delayed')
  where o.task_id = film order by j.id for update of j;
  perform from darkroom.film_plans p where p.task_id = film for update;
  update darkroom.tasks t set cancel_requested_at = coalesce(t.cancel_requested_at, clock_timestamp())
  where t.id = film and t.state = 'STARTED' and t.worker is null;
  perform darkroom.carry_on(film);
  return query select t.state, t.cancel_requested_at is not null and t.state in ('STARTED', 'REVOKED')
  from darkroom.tasks t where t.id = film;
end;
$$;
comment on function darkroom.cancel_film(uuid) is 'Requests the cancellation of a film whose parts are being made';

-- Sums up what the parts have reported. A film whose row is locked is left for the next report.
create function darkroom.film_progress(parts uuid[]) returns setof uuid
language sql set search_path = pg_catalog, pg_temp as $$
with film as materialized (
  select t.id, p.seconds from darkroom.tasks t join darkroom.film_plans p on p.task_id = t.id
  where t.id in (select f.task_id from darkroom.film_parts f where f.part_task = any(parts))
    and t.state = 'STARTED' and t.worker is null
  order by t.id for update of t skip locked
), part as materialized (
  select
    f.task_id, f.role, f.number, f.frames, f.made is not null as made, coalesce(t.state = 'STARTED', false) as runs,
    case when f.made is not null then 1 else coalesce(t.progress, 0) end as progress,
    case when f.made is not null then jsonb_build_object('hls', true, 'rungs', f.rungs) else t.progress_detail end as detail
  from film join darkroom.film_parts f on f.task_id = film.id left join darkroom.tasks t on t.id = f.part_task
), rung as (
  select
    p.task_id, r ->> 'name' as name, min(place) as place, sum((r ->> 'segments')::int) as segments,
    sum((r ->> 'bytes')::bigint) as bytes
  from part p cross join lateral jsonb_array_elements(p.detail -> 'rungs') with ordinality as rungs (r, place)
  where p.role = 'picture' and jsonb_typeof(p.detail -> 'rungs') = 'array'
  group by p.task_id, r ->> 'name'
), sum as (
  select
    film.id, film.seconds,
    coalesce(sum(p.frames * p.progress) filter (where p.role = 'picture') / sum(p.frames), 0)::float8 as pictures,
    coalesce(max(p.progress) filter (where p.role = 'join'), 0)::float8 as joined,
    max(p.detail ->> 'phase') filter (where p.role = 'join' and p.runs) as phase,
    coalesce(bool_or(p.detail -> 'hls' = 'true') filter (where p.role = 'picture' and p.number = 0), false) as hls,
    coalesce(sum(p.frames * p.progress), 0)::bigint as frame,
    sum((p.detail ->> 'fps')::float8) filter (where p.role = 'picture' and p.runs and not p.made) as fps,
    sum((p.detail ->> 'speed')::float8) filter (where p.role = 'picture' and p.runs and not p.made) as speed,
    count(*) filter (where p.role = 'picture') as all,
    count(*) filter (where p.role = 'picture' and p.made) as made,
    count(*) filter (where p.role = 'picture' and p.runs and not p.made) as running
  from film join part p on p.task_id = film.id
  group by film.id, film.seconds
), told as (
  select
    s.*, case when s.speed > 0 then round(s.seconds * (1 - s.pictures) / s.speed) end as eta
  from sum s
)
update darkroom.tasks t set
  progress = greatest(t.progress, 0.95 * told.pictures + 0.04 * told.joined),
  progress_detail = jsonb_build_object(
    'phase', coalesce(told.phase, 'encoding'), 'hls', told.hls, 'frame', told.frame,
    'out_time', round((told.seconds * told.pictures)::numeric, 3), 'fps', told.fps, 'speed', told.speed, 'eta', told.eta,
    'parts', jsonb_build_object('all', told.all, 'made', told.made, 'running', told.running),
    'rungs', coalesce((
      select jsonb_agg(
        jsonb_build_object(
          'name', r.name, 'fraction', told.pictures, 'fps', told.fps, 'speed', told.speed, 'eta', told.eta,
          'segments', r.segments, 'bytes', r.bytes
        ) order by r.place
      ) from rung r where r.task_id = told.id
    ), '[]')
  )
from told where t.id = told.id
returning t.id
$$;
comment on function darkroom.film_progress(uuid[]) is 'Carries the progress of parts over to the tasks of their films, and returns those';

-- The DBA's seat ------------------------------------------------------------------------------------------------------------

create view ops.film_parts as
select
  f.video_id, p.task_id, p.role, p.number, p.part_task,
  case when p.made is not null then 'made' else coalesce(t.state, 'to come') end as state,
  t.worker, case when p.made is not null then 1 else t.progress end as progress, p.frames, t.attempts, t.error, p.made_at
from darkroom.film_plans f
join darkroom.film_parts p on p.task_id = f.task_id
left join darkroom.tasks t on t.id = p.part_task;

comment on view ops.film_parts is 'Parts of the long films that are being made, or that failed less than a day ago: a retry uses those that are made';
comment on column ops.film_parts.video_id is 'Id of the film';
comment on column ops.film_parts.task_id is 'The film''s process_video task';
comment on column ops.film_parts.role is 'picture (a stretch of the film, all rungs), sound, or join';
comment on column ops.film_parts.number is 'Of a picture, from 0';
comment on column ops.film_parts.part_task is 'Its process_video_part task, once it may begin';
comment on column ops.film_parts.state is 'made, to come, or the state of its task';
comment on column ops.film_parts.worker is 'Id of the worker of its latest attempt';
comment on column ops.film_parts.progress is 'From 0 to 1';
comment on column ops.film_parts.frames is 'Planned frames of a picture';
comment on column ops.film_parts.attempts is 'Attempts so far';
comment on column ops.film_parts.error is 'Why it failed';
comment on column ops.film_parts.made_at is 'When it was made';
