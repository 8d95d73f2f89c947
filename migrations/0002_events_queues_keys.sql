-- What happened to a task, in order: one row a change, never updated. Ids grow, so whoever has seen up to one can ask
-- for the rest. Results are not kept here: they expire, and an expired result must be gone from everywhere.
create table darkroom.events (
  id bigint generated always as identity,
  task_id uuid not null,
  at timestamptz not null default now(),
  state text not null
    constraint events_state check (state in ('PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED')),
  attempt int not null default 0,
  error jsonb,

  primary key (task_id, id)
);

-- Without a foreign key for the same reason as the attempts; whoever deletes a task deletes its events with it.
comment on table darkroom.events is 'Every change of a task''s state';
comment on column darkroom.events.attempt is 'Tries so far, this one included where one runs';
comment on column darkroom.events.error is 'Why, where it is not good news';

-- A queue that is not here is not paused.
create table darkroom.queues (
  name text primary key,
  paused_at timestamptz
);

comment on table darkroom.queues is 'What was decided about queues; the queues themselves are pgboss.queue';
comment on column darkroom.queues.paused_at is 'Since when nothing is taken from it; it still accepts';

-- The answers to creating requests that carried an Idempotency-Key, so that the same request can be answered again.
create table darkroom.idempotency_keys (
  key text primary key,
  request bytea not null,
  answer jsonb,
  created_at timestamptz not null default now()
);

create index idempotency_keys_oldest on darkroom.idempotency_keys (created_at);

comment on table darkroom.idempotency_keys is 'First answers to requests that may be repeated, for a day';
comment on column darkroom.idempotency_keys.request is 'SHA-256 of the request: another one under the same key is refused';

-- Tasks that must have started by a time. A table of its own: an index on the tasks would hold all that ever had one.
create table darkroom.deadlines (
  expires_at timestamptz not null,
  task_id uuid not null,

  primary key (expires_at, task_id)
);

comment on table darkroom.deadlines is 'Tasks that are revoked if they have not started by then; a row goes when its time has come';

insert into darkroom.deadlines
select expires_at, id from darkroom.tasks where expires_at is not null and finished_at is null;
drop index darkroom.tasks_expiring;

-- "What is there, newest first, of this state, kind and queue?", for any of these or none. One index answers all of
-- it: the list goes through the few combinations that exist and takes the newest of each. It mentions the state, so a
-- task's changes write to it; that was weighed against finding a failure among a million successes.
create index tasks_listed on darkroom.tasks (state, task, queue, created_at desc, id desc);
drop index darkroom.tasks_newest;
