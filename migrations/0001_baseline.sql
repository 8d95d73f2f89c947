-- The baseline: one file until the first release, then numbered files that are never edited.
--
-- A task has the same id as the pg-boss job that carries it. The job says whether it waits, runs or is over, and keeps
-- the result until that expires; the row here keeps what pg-boss has no column for. Both change in one transaction, the
-- job first.
--
--   job created    task PENDING         job completed  task SUCCESS
--   job active     task STARTED         job failed     task FAILURE
--   job retry      task RETRY           job cancelled  task REVOKED

-- Tasks ---------------------------------------------------------------------------------------------------------------

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
  outages int not null default 0,
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
  request_id text,
  traceparent text,
  created_by text,
  owner text,

  -- finished_at and a final state can never disagree.
  constraint tasks_finished check ((finished_at is not null) = (state in ('SUCCESS', 'FAILURE', 'REVOKED')))
) with (fillfactor = 80);

-- Answers the list, newest first, for any of state, kind and queue, or none: the list walks the few combinations that
-- exist and takes the newest of each. It holds the state, so each change of a task writes to it; that price was weighed
-- against finding one failure among a million successes.
create index tasks_listed on darkroom.tasks (state, task, queue, created_at desc, id desc);
-- Few combinations of state, kind and queue exist, however many tasks do: this finds them by skipping through the index
-- above from one to the next. Lists and upkeep look at each of them by itself.
create view darkroom.task_groups (state, task, queue) as
with recursive groups as (
  (select state, task, queue from darkroom.tasks order by state, task, queue limit 1)
  union all
  select next.* from groups
  cross join lateral (
    select t.state, t.task, t.queue from darkroom.tasks t
    where (t.state, t.task, t.queue) > (groups.state, groups.task, groups.queue)
    order by t.state, t.task, t.queue limit 1
  ) next
)
select state, task, queue from groups;
comment on view darkroom.task_groups is 'Combinations of state, kind and queue that tasks have';

-- For the tasks of a video.
create index tasks_by_video on darkroom.tasks (video_id, created_at desc) where video_id is not null;

-- For keys that see only what they have created, and for their numbers of open tasks.
create index tasks_by_owner on darkroom.tasks (owner, created_at desc, id desc) where owner is not null;
create index tasks_open_of_owner on darkroom.tasks (owner) where owner is not null and finished_at is null;

comment on table darkroom.tasks is 'Submitted work; the pg-boss job with the same id carries it and keeps its result';
comment on column darkroom.tasks.task is 'Kind of the task';
comment on column darkroom.tasks.queue is 'Where it waits or ran; to move a waiting one, change pgboss.job.name, and this follows';
comment on column darkroom.tasks.state is 'Follows the job in the same transaction; where only one of the two is changed, the task is revoked as job_gone, unless its attempt ends first';
comment on column darkroom.tasks.priority is 'As submitted, 9 before 0; a waiting task is taken by pgboss.job.priority, so change that';
comment on column darkroom.tasks.attempts is 'Tries so far; also the fence: a write of an attempt must find its own number here';
comment on column darkroom.tasks.failures is 'Failures that count against max_retries';
comment on column darkroom.tasks.crashes is 'Attempts that ended with their worker or child process; they have a budget of their own';
comment on column darkroom.tasks.outages is 'Failed attempts that found the store of the films full or away; they have a budget of their own';
comment on column darkroom.tasks.retry_delay is 'Seconds; where a retry or limit setting is null, the setting of the kind applies';
comment on column darkroom.tasks.expires_at is 'Start deadline; past it an unstarted task is revoked. darkroom.deadlines says when to check';
comment on column darkroom.tasks.request_id is 'X-Request-Id of the request that submitted it';
comment on column darkroom.tasks.traceparent is 'Its place in a trace (W3C Trace Context), which its attempts, parts and webhooks continue; null outside of one';
comment on column darkroom.tasks.created_by is 'Name of the key that submitted it; null without one';
comment on column darkroom.tasks.owner is 'Family of that key, where the key sees only what it has created or has a limit of open tasks; null for all others, which then cost no index';

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

-- Written once, when an attempt has ended; the running one is on its task's row. A foreign key would lock that row a
-- second time for every task and is left out: deleting a task deletes its attempts in the same statement.
comment on table darkroom.attempts is 'Every finished try at a task';
comment on column darkroom.attempts.error is 'type and message; stack where an exception ended the body';
comment on column darkroom.attempts.peak_memory is 'Bytes';

-- What running attempts say. Unlogged and apart from the ledger: a line that is lost costs no task, and no transaction
-- that settles one waits for it.
create unlogged table darkroom.attempt_logs (
  task_id uuid not null,
  attempt int not null,
  said bigint not null,
  tail text not null,
  at timestamptz not null default now(),

  primary key (task_id, attempt)
) with (fillfactor = 50);

create index attempt_logs_old on darkroom.attempt_logs (at);

comment on table darkroom.attempt_logs is 'The last that attempts of more than a second have logged and printed, written each second by their workers; the end of it stays in darkroom.attempts, and the row goes after an hour';
comment on column darkroom.attempt_logs.said is 'Characters since the attempt began';
comment on column darkroom.attempt_logs.tail is 'The last 8,192 of them';
comment on column darkroom.attempt_logs.at is 'When its worker wrote it';

-- One row a change, never updated. Ids grow, so a reader that knows one id can ask for the rest. Results are not kept
-- here: they expire, and an expired result must be gone from every table.
create table darkroom.events (
  id bigint generated always as identity,
  task_id uuid not null,
  at timestamptz not null default now(),
  state text not null
    constraint events_state check (state in ('PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED')),
  attempt int not null default 0,
  error jsonb,
  edited jsonb,

  primary key (task_id, id)
);

-- Pages look each second for tasks that an edit has brought into their lists.
create index events_edited on darkroom.events (at) where edited is not null;

comment on table darkroom.events is 'Every change of a task''s state';
comment on column darkroom.events.attempt is 'Tries so far, a running one included';
comment on column darkroom.events.error is 'Reason of a failure, retry or revocation';
comment on column darkroom.events.edited is 'What PATCH or ops.change_task has changed of a waiting task (queue, priority, tags, eta), with the values before';

-- A table of its own: an index on the tasks would hold every task that ever had a deadline.
create table darkroom.deadlines (
  expires_at timestamptz not null,
  task_id uuid not null,

  primary key (expires_at, task_id)
);

comment on table darkroom.deadlines is 'When to check a task''s expires_at, which decides; a row goes when its time has come';

-- Answers to creating requests that carried an Idempotency-Key, so that the same request gets the same answer.
create table darkroom.idempotency_keys (
  key_id text not null default '',
  key text not null,
  request bytea not null,
  -- json keeps the text, so that a replay has the bytes of the first answer.
  answer json,
  created_at timestamptz not null default now(),

  primary key (key_id, key)
);

create index idempotency_keys_oldest on darkroom.idempotency_keys (created_at);

comment on table darkroom.idempotency_keys is 'First answers to repeatable requests, for a day';
comment on column darkroom.idempotency_keys.key_id is 'Key of the API that the request came with, empty without one: the same Idempotency-Key of two of them is two requests';
comment on column darkroom.idempotency_keys.request is 'SHA-256 of the request: another request under the same key is refused';

-- Queues and workers --------------------------------------------------------------------------------------------------

-- A row pauses its queue, and resuming deletes the row: insert and delete are all that a DBA has to know.
create table darkroom.queues (
  name text primary key
    constraint queues_name references pgboss.queue (name) on delete cascade
    constraint queues_for_tasks check (name not in ('delayed', 'due') and name not like '\_\_pgboss\_\_%'),
  paused_at timestamptz not null default now(),
  paused_by text,
  reason text,
  until timestamptz
);

-- What everything reads: a pause ends by itself, whether or not its row is still there.
create view darkroom.paused_queues as
select name, paused_at, paused_by, reason, until from darkroom.queues where until is null or until > now();
comment on view darkroom.paused_queues is 'Queues that are paused now';

comment on table darkroom.queues is 'Paused queues; every queue is in pgboss.queue, and one without a row here is not paused';
comment on column darkroom.queues.paused_at is 'Since when no worker takes from it; it still accepts tasks';
comment on column darkroom.queues.paused_by is 'What paused it: an address, or a role of Postgres';
comment on column darkroom.queues.reason is 'Why, for people';
comment on column darkroom.queues.until is 'When it resumes by itself; null: when its row is deleted';

-- A worker writes its status with each heartbeat, and reads its desired state in the same statement: concurrency,
-- paused_at and shutdown.
create table darkroom.workers (
  id uuid primary key,
  host text not null,
  machine text not null default '',
  pid int not null,
  version text not null,
  queues text[] not null,
  kinds text[] not null default '{}',
  inline_kinds text[] not null default '{}',
  withheld_kinds text[] not null default '{}',
  concurrency int not null constraint workers_concurrency check (concurrency between 1 and 256),
  status text not null default 'running' constraint workers_status check (status in ('running', 'stopped', 'lost')),
  paused_at timestamptz,
  shutdown text constraint workers_shutdown check (shutdown in ('warm', 'cold')),
  children int not null default 0,
  tasks jsonb not null default '{}',
  memory bigint,
  cpu real,
  media_sandbox jsonb,
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now(),
  stopped_at timestamptz,

  constraint workers_stopped check ((stopped_at is not null) = (status <> 'running'))
);

comment on table darkroom.workers is 'Processes that run attempts; a running one renews heartbeat_at every few seconds';
comment on column darkroom.workers.id is 'A worker that was taken for lost and returns gets a new one';
comment on column darkroom.workers.host is 'Name of the host or container';
comment on column darkroom.workers.machine is 'Scope of pid: host name, boot and process namespace';
comment on column darkroom.workers.pid is 'Process id, in the namespace of its machine';
comment on column darkroom.workers.version is 'Of Darkroom';
comment on column darkroom.workers.queues is 'Queues that it takes tasks from';
comment on column darkroom.workers.kinds is 'Kinds that it knows; it takes tasks of these alone';
comment on column darkroom.workers.inline_kinds is 'Those of its kinds whose bodies run in the worker process itself, and not in a child process';
comment on column darkroom.workers.concurrency is 'Attempts side by side; may be changed while the worker runs';
comment on column darkroom.workers.children is 'Child processes at the last heartbeat; above concurrency until surplus ones have ended';
comment on column darkroom.workers.paused_at is 'Since when it takes no new task; null while it may';
comment on column darkroom.workers.shutdown is 'How it is to end: warm after its running attempts, cold at once; null while it is to stay';
comment on column darkroom.workers.tasks is 'Attempts begun, and ended by outcome, since started_at';
comment on column darkroom.workers.memory is 'Bytes held by the worker and its descendants at the last heartbeat';
comment on column darkroom.workers.cpu is 'Cores kept busy by the worker and its descendants between the last two heartbeats';
comment on column darkroom.workers.media_sandbox is 'What keeps ffmpeg from files and network, as proved when it started: files, network, user, proved_at, missing; with HARDWARE also hardware: encoders, failures';
comment on column darkroom.workers.withheld_kinds is 'Kinds that it knows and does not take, because MEDIA_SANDBOX=required and the sandbox is not proved';
comment on column darkroom.workers.status is 'lost: no heartbeat for 10 seconds; its tasks were handed on';
comment on column darkroom.workers.started_at is 'When it began to take tasks under this id';
comment on column darkroom.workers.heartbeat_at is 'Last heartbeat; after 10 seconds without one the worker is lost';
comment on column darkroom.workers.stopped_at is 'When it ended or was found lost; the row goes a day later';

-- Films ---------------------------------------------------------------------------------------------------------------

-- films, print_sets and prints hold facts alone. The status and the error of a film follow from them and from its
-- tasks, and are never stored: videos and renditions below are views, true at each commit whatever changed a task.
create table darkroom.films (
  id uuid primary key,
  filename text not null constraint films_filename check (length(filename) between 1 and 255),
  bytes bigint not null constraint films_bytes check (bytes > 0),
  sha256 text not null,
  task_id uuid not null,
  print_set_id uuid,
  error jsonb,
  original_expired_at timestamptz,
  created_by text,
  owner text,
  playback_epoch int not null default 0,
  playback text constraint films_playback check (playback in ('public', 'signed')),
  created_at timestamptz not null default now()
);

-- For originals that may go.
create index films_with_original on darkroom.films (created_at) where original_expired_at is null;
create index films_original_expired on darkroom.films (original_expired_at) where original_expired_at is not null;

-- For prints of the same bytes.
create index films_sha256 on darkroom.films (sha256, created_at);

create index films_newest on darkroom.films (created_at desc, id desc);
create index films_by_owner on darkroom.films (owner, created_at desc, id desc) where owner is not null;

comment on table darkroom.films is 'Uploaded files, as darkroom.videos is made of; the file itself is DATA_DIR/videos/<id>/original';
comment on column darkroom.films.filename is 'As the uploader named it: data, never part of a path';
comment on column darkroom.films.task_id is 'The task of the upload, or the one that was asked for or recorded last';
comment on column darkroom.films.print_set_id is 'The prints that are served; null until the first ones are made. Without a foreign key: the tables would refer to each other in a circle, which a dump cannot order';
comment on column darkroom.films.original_expired_at is 'When ORIGINAL_EXPIRES removed the original; its prints stay, and it cannot be processed again';
comment on column darkroom.films.created_by is 'Name of the key that uploaded it; null without one';
comment on column darkroom.films.owner is 'Family of that key, where the key sees only what it has created; else null';
comment on column darkroom.films.playback_epoch is 'Part of what signs a link to the film: raised by one, it ends all links that were made before';
comment on column darkroom.films.playback is 'public (what is made of it is for all), signed (for keys and links alone), or null: as the setting PLAYBACK says';
comment on column darkroom.films.error is 'Error of a task that is forgotten by now; one that is still there says it itself';

create table darkroom.print_sets (
  id uuid primary key,
  video_id uuid not null constraint print_sets_film references darkroom.films on delete cascade,
  task_id uuid not null,
  attempt int not null,
  probe jsonb not null,
  hls boolean not null default false,
  made_at timestamptz not null default now()
);

create index print_sets_by_video on darkroom.print_sets (video_id);

comment on table darkroom.print_sets is 'What one attempt made of a film, as a whole; replaced and removed as a whole by the transaction that records the next';
comment on column darkroom.print_sets.attempt is 'With task_id: whose folder the files are in, DATA_DIR/videos/<video_id>/prints-<task_id>-<attempt>';
comment on column darkroom.print_sets.probe is 'What ffprobe found in the original';
comment on column darkroom.print_sets.hls is 'Whether it has streams (HLS) beside its prints';

create table darkroom.prints (
  set_id uuid not null constraint prints_set references darkroom.print_sets on delete cascade,
  name text not null,
  status text not null constraint prints_status check (status in ('ready', 'skipped')),
  reason text,
  width int,
  height int,
  bytes bigint,
  bitrate bigint,
  codec text,
  duration real,
  storage_key text,

  primary key (set_id, name),
  constraint prints_ready check (status <> 'ready' or (storage_key is not null and bytes is not null))
);

comment on table darkroom.prints is 'The files of a print set, and the rungs that it does without';
comment on column darkroom.prints.reason is 'Why a rung was skipped';
comment on column darkroom.prints.bitrate is 'Bits per second';
comment on column darkroom.prints.duration is 'Seconds';
comment on column darkroom.prints.storage_key is 'Key of the file, below DATA_DIR; each attempt writes below a key of its own';

-- Pictures and subtitles: made, replaced and removed with the prints of the same attempt.
create table darkroom.extras (
  set_id uuid not null constraint extras_set references darkroom.print_sets on delete cascade,
  name text not null,
  language text,
  width int,
  height int,
  bytes bigint not null,
  storage_key text not null,

  primary key (set_id, name),
  constraint extras_subtitles check ((language is not null) = starts_with(name, 'subtitles/'))
);

comment on table darkroom.extras is 'The files of a print set beside its prints: poster, storyboard, preview, subtitles';
comment on column darkroom.extras.name is 'As in its address, /api/videos/<id>/files/<name>';
comment on column darkroom.extras.language is 'BCP 47; of subtitles alone';
comment on column darkroom.extras.width is 'Of a picture; of the storyboard: of one of its tiles';
comment on column darkroom.extras.storage_key is 'Key of the file, below DATA_DIR; each attempt writes below a key of its own';

-- Two open tasks of one film would make the same prints twice and replace each other's.
create unique index tasks_one_open_per_video on darkroom.tasks (video_id)
  where task = 'process_video' and finished_at is null;

-- One table in FROM and scalar sub-selects: so filename can be updated and a row locked or deleted through the view,
-- and a lock on it is a lock on the film alone, never on a task. None of them is an `exists`: Postgres would hash all
-- prints of all films for a page of the list.
create view darkroom.videos as
select
  f.id,
  f.filename,
  f.bytes,
  f.sha256,
  coalesce(
    (
      select case
        when t.state = 'PENDING' and (select true from darkroom.print_sets s where s.id = f.print_set_id) is not true
        then 'uploaded' else 'processing'
      end
      from darkroom.tasks t
      where t.video_id = f.id and t.task = 'process_video' and t.finished_at is null
    ),
    case when (select true from darkroom.print_sets s where s.id = f.print_set_id) is true then 'ready' else 'failed' end
  ) as status,
  (select true from darkroom.print_sets s where s.id = f.print_set_id) is true as processed,
  case
    when (select true from darkroom.print_sets s where s.id = f.print_set_id) is not true or (
      select true from darkroom.tasks t
      where t.video_id = f.id and t.task = 'process_video' and t.finished_at is null
    ) is true then (
      select t.progress from darkroom.tasks t
      where t.video_id = f.id and t.task = 'process_video'
      order by t.finished_at desc nulls first limit 1
    )
    else 1
  end as progress,
  coalesce(
    (
      select t.id from darkroom.tasks t
      where t.video_id = f.id and t.task = 'process_video' and t.finished_at is null
    ),
    f.task_id
  ) as task_id,
  case
    when (select true from darkroom.print_sets s where s.id = f.print_set_id) is not true and (
      select true from darkroom.tasks t
      where t.video_id = f.id and t.task = 'process_video' and t.finished_at is null
    ) is not true then coalesce(
      (
        select t.error from darkroom.tasks t
        where t.video_id = f.id and t.task = 'process_video'
        order by t.finished_at desc limit 1
      ),
      f.error,
      '{"type": "no_prints", "message": "The video has no prints and no task that makes them; process it again"}'
    )
  end as error,
  (select s.probe from darkroom.print_sets s where s.id = f.print_set_id) as probe,
  f.created_at,
  (select s.made_at from darkroom.print_sets s where s.id = f.print_set_id) as ready_at,
  f.created_by,
  f.owner,
  f.playback_epoch,
  f.playback
from darkroom.films f;

comment on view darkroom.videos is 'Films as HTTP shows them, from darkroom.films, its current print set and its process_video tasks; filename can be updated, rows can be locked and deleted here';
comment on column darkroom.videos.filename is 'As the uploader named it: data, never part of a path';
comment on column darkroom.videos.status is 'uploaded (waits for its first prints), processing (waits for new prints, or a task is at work), ready, or failed (no prints, and no open task that makes them)';
comment on column darkroom.videos.processed is 'Prints are served; stays true while they are made again';
comment on column darkroom.videos.progress is 'Of the task that makes the prints, from 0 to 1; 1 when ready';
comment on column darkroom.videos.task_id is 'The open process_video task, or the last one that was asked for or recorded';
comment on column darkroom.videos.error is 'Why status is failed, else null';
comment on column darkroom.videos.probe is 'What ffprobe found in the original, once prints were made';
comment on column darkroom.videos.playback_epoch is 'Part of what signs a link to the film; each revocation raises it';
comment on column darkroom.videos.playback is 'public (what is made of it is for all), signed (for keys and links alone), or null: as the setting PLAYBACK says';
comment on column darkroom.videos.ready_at is 'When the prints that are served were recorded';
comment on column darkroom.videos.created_by is 'Name of the key that uploaded it; null without one';
comment on column darkroom.videos.owner is 'Family of that key, where the key sees only what it has created; else null';

create table darkroom.rungs (
  name text primary key
);

-- A test compares the three names with the ladder of rungs.
insert into darkroom.rungs values ('480p'), ('720p'), ('1080p');

comment on table darkroom.rungs is 'The prints that films get (RUNGS), as the API or worker that started last published them';
comment on column darkroom.rungs.name is 'As in darkroom.prints: 480p, 720p …';

create view darkroom.renditions as
select
  f.id as video_id, p.name, p.status, p.reason, p.width, p.height, p.bytes, p.bitrate, p.codec, p.duration,
  p.storage_key
from darkroom.films f join darkroom.prints p on p.set_id = f.print_set_id
union all
select
  v.id, rung.name, case v.status when 'uploaded' then 'pending' else v.status end, v.error ->> 'type', null, null,
  null, null, null, null, null
from darkroom.videos v cross join darkroom.rungs rung
where not v.processed;

comment on view darkroom.renditions is 'The prints of each video: those of its current print set, or the rungs that are to come';
comment on column darkroom.renditions.status is 'ready or skipped; before the first prints are made what their video is: pending, processing, failed';
comment on column darkroom.renditions.reason is 'Why a rung was skipped, or the type of the error that its video failed with';
comment on column darkroom.renditions.storage_key is 'Key of the file, below DATA_DIR';

-- Of a film that is made in parts: whose folder these work in (0017_film_parts.sql).
create function darkroom.attempt_of_parts(film uuid) returns int language plpgsql stable as $$
begin
  return (select p.attempt from darkroom.film_plans p where p.task_id = film);
end;
$$;
comment on function darkroom.attempt_of_parts(uuid) is 'The attempt in whose folder the parts of a film are; null where it has none';

-- A view of its own: who changes darkroom.videos does not meet this.
create view darkroom.streams as
select s.video_id, s.task_id, s.attempt, true as complete
from darkroom.films f join darkroom.print_sets s on s.id = f.print_set_id
where s.hls
union all
select t.video_id, t.id, coalesce(darkroom.attempt_of_parts(t.id), t.attempts), false
from darkroom.tasks t
where t.task = 'process_video' and t.state = 'STARTED' and t.finished_at is null
  and t.progress_detail -> 'hls' = 'true'
  and (
    select s.hls from darkroom.films f join darkroom.print_sets s on s.id = f.print_set_id where f.id = t.video_id
  ) is not true;

comment on view darkroom.streams is 'Whose stream (HLS) is served of each video that has one: of its print set, or, while the first ones are made, of the attempt that is at work';
comment on column darkroom.streams.attempt is 'With task_id: whose folder the files are in, DATA_DIR/videos/<video_id>/prints-<task_id>-<attempt>/hls';
comment on column darkroom.streams.complete is 'Whether all of it is there; else it grows';

-- The store of the films carries the same id in its file DATA_DIR/installation.
create table darkroom.installation (
  id uuid not null,
  host text not null,
  data_dir text not null,
  created_at timestamptz not null default now(),
  single boolean primary key default true constraint installation_single check (single)
);

comment on table darkroom.installation is 'One row: which store of films belongs to this database; API and workers refuse to start beside another';
comment on column darkroom.installation.id is 'Also in the file DATA_DIR/installation';
comment on column darkroom.installation.host is 'Host on which the store was first used';
comment on column darkroom.installation.data_dir is 'Its DATA_DIR on that host';
comment on column darkroom.installation.single is 'Allows no second row';

-- Indexes on pg-boss's tables -----------------------------------------------------------------------------------------

-- Delayed tasks wait in a pg-boss queue with a table of its own, so that a million of them cost the other queues
-- nothing. This index answers which of them are due.
do $$
declare
  delayed text := (select table_name from pgboss.queue where name = 'delayed');
begin
  execute format('create index darkroom_due on pgboss.%I (start_after) where state < %L', delayed, 'active');
end;
$$;

-- Read each minute, for the jobs whose results have expired. On the partitioned parent, so that queues which get a
-- table of their own later have it too. In UTC: an index takes no expression whose value depends on a session's time
-- zone.
create index darkroom_results_due
  on pgboss.job (name, ((completed_on at time zone 'UTC') + deletion_seconds * interval '1 second'))
  where state >= 'completed';
