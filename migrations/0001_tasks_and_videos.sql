-- A task is a piece of work that somebody asked for. It has the same id as the pg-boss job that carries it:
-- the job says whether it waits, runs or is over, and keeps the result until that expires; the row here keeps
-- what pg-boss has no place for. Whoever changes one changes the other in the same transaction, the job first.
--
--   job created    task PENDING         job completed  task SUCCESS
--   job active     task STARTED         job failed     task FAILURE
--   job retry      task RETRY           job cancelled  task REVOKED

create table darkroom.workers (
  id uuid primary key,
  host text not null,
  pid int not null,
  version text not null,
  queues text[] not null,
  concurrency int not null,
  status text not null default 'running' constraint workers_status check (status in ('running', 'stopped', 'lost')),
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now(),
  stopped_at timestamptz,

  constraint workers_stopped check ((stopped_at is not null) = (status <> 'running'))
);

comment on table darkroom.workers is 'Processes that run attempts; a running one renews heartbeat_at every few seconds';
comment on column darkroom.workers.host is 'Where the process runs: host name, boot and process namespace';

create table darkroom.tasks (
  id uuid primary key,
  task text not null,
  queue text not null,
  state text not null default 'PENDING'
    constraint tasks_state check (state in ('PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED')),
  name text,
  description text,
  priority smallint not null default 0 constraint tasks_priority check (priority between 0 and 9),
  args jsonb not null default '{}',

  attempts int not null default 0,
  failures int not null default 0,
  crashes int not null default 0,
  max_retries int not null default 3,
  retry_delay real,
  retry_backoff boolean,
  retry_backoff_max real,
  retry_jitter boolean,
  time_limit real,
  soft_time_limit real,
  result_expires int not null,

  progress real constraint tasks_progress check (progress between 0 and 1),
  progress_detail jsonb,
  error jsonb,

  eta timestamptz,
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  cancel_requested_at timestamptz,
  finished_at timestamptz,

  worker uuid,
  tags text[] not null default '{}',
  schedule_id uuid,
  video_id uuid,

  -- Finished means finished: the two can never disagree.
  constraint tasks_finished check ((finished_at is not null) = (state in ('SUCCESS', 'FAILURE', 'REVOKED')))
) with (fillfactor = 80);

-- No index here mentions the state: it would turn each of a task's changes into a write to every index.
-- "What is there, newest first?" and the pages of that list.
create index tasks_newest on darkroom.tasks (created_at desc, id desc);
-- "What was done with this video?"
create index tasks_by_video on darkroom.tasks (video_id, created_at desc) where video_id is not null;
-- "What must not start any more?"
create index tasks_expiring on darkroom.tasks (expires_at) where expires_at is not null;

comment on table darkroom.tasks is 'Work that somebody asked for; the pg-boss job with the same id carries it and keeps its result';
comment on column darkroom.tasks.attempts is 'Tries so far; the fence too: what an attempt writes must find its own number here';
comment on column darkroom.tasks.failures is 'Failures that count against max_retries';
comment on column darkroom.tasks.crashes is 'Attempts that ended with their worker or child process; they have a budget of their own';
comment on column darkroom.tasks.retry_delay is 'Seconds; where a retry or limit setting is null the one of the kind holds';

create table darkroom.attempts (
  task_id uuid not null,
  number int not null,
  worker uuid,
  started_at timestamptz not null,
  finished_at timestamptz not null default now(),
  outcome text not null constraint attempts_outcome check (
    outcome in ('success', 'failure', 'soft_time_limit', 'time_limit', 'crashed', 'stalled', 'cancelled', 'shutdown')
  ),
  error jsonb,
  exit_code int,
  signal text,
  peak_memory bigint,
  stderr text,

  primary key (task_id, number)
);

-- Written once, when an attempt is over; the one that runs is on its task's row. A foreign key would lock that row
-- a second time for every task and is left out; whoever deletes a task deletes its attempts with it.
comment on table darkroom.attempts is 'Every try at a task that is over';
comment on column darkroom.attempts.peak_memory is 'Bytes';

create table darkroom.videos (
  id uuid primary key,
  filename text not null constraint videos_filename check (length(filename) between 1 and 255),
  bytes bigint not null constraint videos_bytes check (bytes > 0),
  sha256 text not null,
  status text not null default 'uploaded' constraint videos_status check (status in ('uploaded', 'ready', 'failed')),
  task_id uuid not null,
  probe jsonb,
  error jsonb,
  created_at timestamptz not null default now(),
  ready_at timestamptz,

  constraint videos_ready check (status <> 'ready' or ready_at is not null)
);

create index videos_newest on darkroom.videos (created_at desc, id desc);

comment on table darkroom.videos is 'Uploaded films; the file itself is DATA_DIR/videos/<id>/original';
comment on column darkroom.videos.status is 'What is settled; "processing" is read off the task';
comment on column darkroom.videos.task_id is 'The task that makes, or last made, its prints';
comment on column darkroom.videos.filename is 'As the uploader named it: data, never part of a path';

create table darkroom.renditions (
  video_id uuid not null constraint renditions_video references darkroom.videos on delete cascade,
  name text not null,
  status text not null default 'pending' constraint renditions_status check (status in ('pending', 'ready', 'skipped', 'failed')),
  reason text,
  width int,
  height int,
  bytes bigint,
  bitrate bigint,
  codec text,
  duration real,
  storage_key text,

  primary key (video_id, name),
  constraint renditions_ready check (status <> 'ready' or (storage_key is not null and bytes is not null))
);

comment on table darkroom.renditions is 'The prints of a video, made and not made';
comment on column darkroom.renditions.storage_key is 'Where the file is, below DATA_DIR; each attempt writes to a place of its own';

-- Delayed tasks wait in a pg-boss queue with a table of its own, so that a million of them cost the other queues
-- nothing. "Which are due?" is asked often and answered from this index.
do $$
declare
  delayed text := (select table_name from pgboss.queue where name = 'delayed');
begin
  execute format('create index darkroom_due on pgboss.%I (start_after) where state < %L', delayed, 'active');
end;
$$;
