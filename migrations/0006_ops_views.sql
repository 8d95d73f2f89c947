-- The views of the DBA's seat. Names and meanings are those of the HTTP API; tests compare them row by row. Each view
-- answers its typical use from indexes, also of ten million tasks: where one looks at many tasks, it goes through
-- darkroom.task_groups and the newest tasks of each combination of state, kind and queue.

-- Every started task. `ahead` is true where the task waits in its worker for a child process. No row records the start
-- of a body: that write would cost more than the claim. A worker starts bodies in the order of its claims, so the tasks
-- beyond its concurrency are still ahead. Inline bodies start at once.
create view darkroom.in_hand as
select
  t.id, t.queue, t.worker, inline,
  (not inline and row_number() over (
    partition by t.worker, inline order by t.started_at, t.priority desc, t.created_at, t.id
  ) > w.concurrency) is true as ahead
from darkroom.tasks t
left join darkroom.workers w on w.id = t.worker
cross join lateral (select coalesce(t.task = any(w.inline_kinds), false) as inline) where_it_runs
-- Without a worker: a film that its parts carry.
where t.state = 'STARTED' and t.worker is not null;
comment on view darkroom.in_hand is 'Every task that a worker holds, and whether it waits in its worker for a child process';

-- Tasks ---------------------------------------------------------------------------------------------------------------

-- Sub-selects and no joins: a query that leaves out result and error does not look at jobs. No `exists` either, for which
-- Postgres may read all jobs into a hash table. An expired result is not
-- shown, whether or not it has been removed yet.
create view ops.tasks as
select
  t.id, t.task, t.name, t.description, t.queue, t.priority, t.args, t.state,
  case t.state
    when 'PENDING' then case when t.eta > now() then 'SCHEDULED' else 'PENDING' end
    when 'STARTED' then 'PROCESSING'
    when 'RETRY' then 'RETRYING'
    when 'SUCCESS' then 'COMPLETED'
    when 'FAILURE' then 'FAILED'
    when 'REVOKED' then 'CANCELLED'
  end as status,
  t.progress, t.progress_detail,
  case when t.state = 'SUCCESS' then (
    select j.output from pgboss.job j
    where j.name = t.queue and j.id = t.id and j.completed_on + j.deletion_seconds * interval '1 second' > now()
  ) end as result,
  t.finished_at + t.result_expires * interval '1 second' as result_expires_at,
  case
    when t.state = 'SUCCESS' and (
      select true from pgboss.job j
      where j.name = t.queue and j.id = t.id and j.completed_on + j.deletion_seconds * interval '1 second' > now()
    ) is null then '{"type": "expired", "message": "The result has expired"}'::jsonb
    else t.error
  end as error,
  t.attempts, t.max_retries, t.eta, t.expires_at, t.created_at, t.started_at, t.finished_at, t.worker, t.tags,
  t.schedule_id, t.video_id, t.created_by, t.traceparent
from darkroom.tasks t;

comment on view ops.tasks is 'Tasks as HTTP shows them. Found by id; by state, or by state, task and queue; newest first by id, which grows with time';
comment on column ops.tasks.id is 'Id; ids grow with time, so order by id desc is newest first and has an index';
comment on column ops.tasks.task is 'Kind';
comment on column ops.tasks.name is 'Name, as submitted';
comment on column ops.tasks.description is 'Text, as submitted';
comment on column ops.tasks.queue is 'Queue';
comment on column ops.tasks.priority is '0 to 9, higher first';
comment on column ops.tasks.args is 'Arguments';
comment on column ops.tasks.state is 'State in Celery''s words: PENDING, STARTED, RETRY, SUCCESS, FAILURE, REVOKED. Has an index, status has none';
comment on column ops.tasks.status is 'State in plain English: SCHEDULED, PENDING, PROCESSING, RETRYING, COMPLETED, FAILED, CANCELLED';
comment on column ops.tasks.progress is 'From 0 to 1; null if the task reports none';
comment on column ops.tasks.progress_detail is 'What the task reported beside its progress';
comment on column ops.tasks.result is 'What the task returned; null until then, and once it has expired';
comment on column ops.tasks.result_expires_at is 'When the result expires';
comment on column ops.tasks.error is 'type and message: why the task failed or was revoked, or that its result has expired';
comment on column ops.tasks.attempts is 'Attempts so far';
comment on column ops.tasks.max_retries is 'Retries after failures';
comment on column ops.tasks.eta is 'Earliest start';
comment on column ops.tasks.expires_at is 'Latest start: revoked if it has not started by then';
comment on column ops.tasks.created_at is 'When it was submitted';
comment on column ops.tasks.started_at is 'When its latest attempt started';
comment on column ops.tasks.finished_at is 'When it reached its final state';
comment on column ops.tasks.worker is 'Id of the worker of its latest attempt';
comment on column ops.tasks.tags is 'Tags';
comment on column ops.tasks.schedule_id is 'Id of the schedule that made it';
comment on column ops.tasks.video_id is 'Id of its film';
comment on column ops.tasks.created_by is 'Name of the key that submitted it; null without one';
comment on column ops.tasks.traceparent is 'Its place in a trace (W3C Trace Context): 00-<trace id>-<span id>-<flags>; null outside of one';

create view ops.attempts as
select
  a.task_id, a.number, a.worker, a.started_at, a.finished_at, a.outcome,
  case when a.error is not null then jsonb_build_object(
    'type', a.error -> 'type', 'message', a.error -> 'message', 'stack', a.error -> 'stack'
  ) end as error,
  a.exit_code, a.signal, a.peak_memory,
  coalesce(a.stderr, (
    select l.tail from darkroom.attempt_logs l where l.task_id = a.task_id and l.attempt = a.number
  )) as stderr
from darkroom.attempts a
union all
select t.id, t.attempts, t.worker, t.started_at, null, null, null, null, null, null,
  (select l.tail from darkroom.attempt_logs l where l.task_id = t.id and l.attempt = t.attempts)
from darkroom.tasks t where t.state = 'STARTED';

comment on view ops.attempts is 'Every try at a task, a running one included. Found by task_id';
comment on column ops.attempts.task_id is 'Id of the task';
comment on column ops.attempts.number is '1 for the first';
comment on column ops.attempts.worker is 'Id of the worker';
comment on column ops.attempts.started_at is 'When its body started';
comment on column ops.attempts.finished_at is 'When it ended; null while it runs';
comment on column ops.attempts.outcome is 'success, failure, soft_time_limit, time_limit, crashed, stalled, cancelled or shutdown; null while it runs';
comment on column ops.attempts.error is 'type, message and stack: why it did not succeed';
comment on column ops.attempts.exit_code is 'Exit code of its process, if the process ended';
comment on column ops.attempts.signal is 'Signal that ended its process, if one did';
comment on column ops.attempts.peak_memory is 'Peak memory in bytes of its process and everything that it started';
comment on column ops.attempts.stderr is 'Last lines that it logged and printed; of a running one, of a second ago';

create view ops.events as
select e.id, e.task_id, e.at, e.state, e.attempt, e.error from darkroom.events e;

comment on view ops.events is 'Every change of a task''s state. Found by task_id';
comment on column ops.events.id is 'Ids grow: also the id of a Server-Sent Event';
comment on column ops.events.task_id is 'Id of the task';
comment on column ops.events.at is 'When it changed';
comment on column ops.events.state is 'State since then';
comment on column ops.events.attempt is 'Attempts so far, a running one included';
comment on column ops.events.error is 'type and message: why it failed, is retried or was revoked';

-- What cannot go on by itself: waits for more than a minute although no worker may take it, or has started and does not
-- run as it should. Few combinations of kind and queue wait, so who serves them is asked once for each.
create view ops.stuck_tasks as
with lane as materialized (
  select g.state, g.task, g.queue, q.paused_at, w.*
  from darkroom.task_groups g
  left join darkroom.paused_queues q on q.name = g.queue
  cross join lateral (
    select
      count(*) as serving,
      count(*) filter (where g.task = any(w.kinds)) as knowing,
      count(*) filter (where g.task = any(w.withheld_kinds)) as withholding,
      count(*) filter (where g.task = any(w.kinds) and w.paused_at is null) as taking
    from darkroom.workers w
    where w.status = 'running' and w.heartbeat_at > now() - interval '10 seconds' and w.shutdown is null
      and g.queue = any(w.queues)
  ) w
  where g.state in ('PENDING', 'RETRY')
), waiting as (
  select t.id, t.task, t.queue, t.state, t.worker, why.code, greatest(t.created_at, t.eta) as since
  from lane
  cross join lateral (
    select case
      when lane.paused_at is not null then 'queue_paused'
      when lane.serving = 0 then 'no_worker_for_queue'
      when lane.knowing = 0 and lane.withholding > 0 then 'no_sandbox'
      when lane.knowing = 0 then 'kind_unknown_to_workers'
      when lane.taking = 0 then 'workers_paused'
    end
  ) why (code)
  join darkroom.tasks t on t.state = lane.state and t.task = lane.task and t.queue = lane.queue
  where why.code is not null and greatest(t.created_at, t.eta) < now() - interval '1 minute'
    and (t.state = 'PENDING' or (
      select true from pgboss.job j
      where j.name = t.queue and j.id = t.id and j.start_after < now() - interval '1 minute'
    ))
), started as (
  select t.id, t.task, t.queue, t.state, t.worker, why.code, why.since
  from darkroom.tasks t
  left join darkroom.workers w on w.id = t.worker
  left join darkroom.kinds k on k.name = t.task
  cross join lateral (select t.started_at + coalesce(t.time_limit, k.time_limit) * interval '1 second') due (at)
  cross join lateral (
    select case
      when w.status is distinct from 'running' or w.heartbeat_at < now() - interval '20 seconds' then 'worker_lost'
      when t.cancel_requested_at < now() - interval '30 seconds' then 'cancel_requested'
      when due.at < now() - interval '30 seconds' then 'over_time_limit'
    end,
    case
      when w.status is distinct from 'running' or w.heartbeat_at < now() - interval '20 seconds' then
        coalesce(w.stopped_at, w.heartbeat_at, t.started_at)
      when t.cancel_requested_at < now() - interval '30 seconds' then t.cancel_requested_at
      else due.at
    end
  ) why (code, since)
  where t.state = 'STARTED' and t.worker is not null and why.code is not null
)
select
  id, task, queue, state, code, since, greatest(0, extract(epoch from now() - since)::float8) as age, worker,
  case code
    when 'queue_paused' then format('select ops.resume_queue(%L)', queue)
    when 'no_worker_for_queue' then format('Start a worker that takes from the queue "%s" (WORKER_QUEUES)', queue)
    when 'kind_unknown_to_workers' then format('Start a worker whose TASKS_DIR has the kind "%s"', task)
    when 'no_sandbox' then 'Mend what media_sandbox of ops.workers says is missing, and restart the worker'
    when 'workers_paused' then 'Resume a worker: PATCH /api/workers/{id} {"paused": false}'
    when 'worker_lost' then 'Start a worker: it takes over what lost ones held'
    else format('Look at its worker; ops.locks says whether a transaction holds its row')
  end as remedy
from (select * from waiting union all select * from started) stuck;

comment on view ops.stuck_tasks is 'Tasks that cannot go on by themselves: for more than a minute no worker may take them, or they have started and do not run as they should';
comment on column ops.stuck_tasks.id is 'Id of the task';
comment on column ops.stuck_tasks.task is 'Kind';
comment on column ops.stuck_tasks.queue is 'Queue';
comment on column ops.stuck_tasks.state is 'PENDING, RETRY or STARTED';
comment on column ops.stuck_tasks.code is 'As in ops.why: queue_paused, no_worker_for_queue, no_sandbox, kind_unknown_to_workers, workers_paused; of started ones worker_lost, cancel_requested (half a minute ago, and it still runs), over_time_limit';
comment on column ops.stuck_tasks.since is 'Since when';
comment on column ops.stuck_tasks.age is 'Seconds since then';
comment on column ops.stuck_tasks.worker is 'Id of the worker of its latest attempt';
comment on column ops.stuck_tasks.remedy is 'What ends it: a statement, or a sentence';

-- Of each kind and queue: what runs now, and the newest thousand tasks of the last day, against the median of the
-- successes among these.
create view ops.slow_tasks as
with seen as materialized (
  select t.*
  from darkroom.task_groups g
  cross join lateral (
    select t.id, t.task, t.queue, t.state, t.worker, t.started_at, t.finished_at,
      extract(epoch from coalesce(t.finished_at, now()) - t.started_at)::float8 as ran
    from darkroom.tasks t
    where t.state = g.state and t.task = g.task and t.queue = g.queue
      and (t.state = 'STARTED' or t.created_at > now() - interval '1 day') and t.started_at is not null
    order by t.created_at desc, t.id desc
    limit 1000
  ) t
  where g.state in ('STARTED', 'SUCCESS', 'FAILURE')
), usual as materialized (
  select task, queue, percentile_cont(0.5) within group (order by ran) as ran
  from seen where state = 'SUCCESS' group by task, queue
)
select
  s.id, s.task, s.queue, s.state, s.worker, s.started_at, s.finished_at, s.ran, u.ran as usual, s.ran / u.ran as times
from seen s join usual u using (task, queue)
where s.ran > 1 and s.ran > 3 * u.ran and u.ran > 0;

comment on view ops.slow_tasks is 'Tasks that run, or ran within the last day, for more than a second and more than three times as long as usual. Looks at what runs now and at the newest 1,000 tasks of each kind, queue and state';
comment on column ops.slow_tasks.id is 'Id of the task';
comment on column ops.slow_tasks.task is 'Kind';
comment on column ops.slow_tasks.queue is 'Queue';
comment on column ops.slow_tasks.state is 'STARTED while it runs, else SUCCESS or FAILURE';
comment on column ops.slow_tasks.worker is 'Id of the worker of its latest attempt';
comment on column ops.slow_tasks.started_at is 'When its latest attempt started';
comment on column ops.slow_tasks.finished_at is 'When it ended; null while it runs';
comment on column ops.slow_tasks.ran is 'Seconds of its latest attempt so far';
comment on column ops.slow_tasks.usual is 'Seconds: median of the newest successes of its kind and queue';
comment on column ops.slow_tasks.times is 'ran divided by usual';

-- What differs between two failures that are alike.
create function darkroom.blank_message(text) returns text language sql immutable parallel safe as $$
  select regexp_replace(
    regexp_replace(
      regexp_replace($1, '(/[^\s/''":,;()]+){2,}', '<path>', 'g'),
      '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', '<id>', 'gi'
    ), '\d+([.,]\d+)*', '<n>', 'g'
  )
$$;
comment on function darkroom.blank_message(text) is 'An error''s message without its numbers, ids and paths';

create function darkroom.fingerprint(task text, type text, message text) returns text
language sql immutable parallel safe as $$
  select md5(concat_ws(E'\n', task, type, message))
$$;
comment on function darkroom.fingerprint(text, text, text) is 'Names the failures of a kind with the same type and blanked message';

-- The newest ten thousand failures of each kind and queue, so that a storm of them stays readable.
create view ops.failure_summary as
select
  darkroom.fingerprint(task, type, message) as fingerprint, task, type, message,
  count(*)::int as count, min(finished_at) as first_at, max(finished_at) as last_at,
  (array_agg(id order by finished_at desc))[1] as sample
from (
  select f.id, f.task, f.finished_at, f.error ->> 'type' as type,
    darkroom.blank_message(f.error ->> 'message') as message
  from darkroom.task_groups g
  cross join lateral (
    select t.id, t.task, t.finished_at, t.error from darkroom.tasks t
    where t.state = 'FAILURE' and t.task = g.task and t.queue = g.queue and t.created_at > now() - interval '7 days'
    order by t.created_at desc, t.id desc
    limit 10000
  ) f
  where g.state = 'FAILURE'
) failures
group by task, type, message;

comment on view ops.failure_summary is 'Failed tasks of the last seven days, by kind, type and message without its numbers, ids and paths. Looks at the newest 10,000 failures of each kind and queue';
comment on column ops.failure_summary.fingerprint is 'Names the group: the same for the same kind, type and message';
comment on column ops.failure_summary.task is 'Kind';
comment on column ops.failure_summary.type is 'error.type';
comment on column ops.failure_summary.message is 'error.message, its numbers, ids and paths blanked';
comment on column ops.failure_summary.count is 'Tasks that failed so';
comment on column ops.failure_summary.first_at is 'When the first of them failed';
comment on column ops.failure_summary.last_at is 'When the last of them failed';
comment on column ops.failure_summary.sample is 'Id of the last of them';

-- The one place that counts by hour.
create view ops.kinds_by_hour as
select
  date_trunc('hour', t.created_at) as hour, t.task, t.queue,
  count(*)::int as created,
  count(*) filter (where t.state = 'SUCCESS')::int as succeeded,
  count(*) filter (where t.state = 'FAILURE')::int as failed,
  count(*) filter (where t.state = 'REVOKED')::int as revoked,
  percentile_cont(0.5) within group (order by t.waited) filter (where t.waited is not null) as wait_p50,
  percentile_cont(0.95) within group (order by t.waited) filter (where t.waited is not null) as wait_p95,
  percentile_cont(0.5) within group (order by t.ran) filter (where t.ran is not null) as run_p50,
  percentile_cont(0.95) within group (order by t.ran) filter (where t.ran is not null) as run_p95
from darkroom.task_groups g
cross join lateral (
  select t.task, t.queue, t.state, t.created_at,
    case when t.attempts = 1 then
      greatest(0, extract(epoch from t.started_at - greatest(t.created_at, t.eta))::float8)
    end as waited,
    case when t.state in ('SUCCESS', 'FAILURE') then extract(epoch from t.finished_at - t.started_at)::float8 end as ran
  from darkroom.tasks t
  where t.state = g.state and t.task = g.task and t.queue = g.queue
    and t.created_at >= date_trunc('hour', now()) - interval '24 hours'
) t
group by 1, 2, 3;

comment on view ops.kinds_by_hour is 'Tasks of the last 24 hours, by the hour in which they were submitted, kind and queue: counts and percentiles';
comment on column ops.kinds_by_hour.hour is 'Beginning of the hour';
comment on column ops.kinds_by_hour.task is 'Kind';
comment on column ops.kinds_by_hour.queue is 'Queue';
comment on column ops.kinds_by_hour.created is 'Tasks that were submitted';
comment on column ops.kinds_by_hour.succeeded is 'Those of them that have succeeded';
comment on column ops.kinds_by_hour.failed is 'Those of them that have failed';
comment on column ops.kinds_by_hour.revoked is 'Those of them that were revoked';
comment on column ops.kinds_by_hour.wait_p50 is 'Seconds from when it could start to its start, median; of tasks with one attempt';
comment on column ops.kinds_by_hour.wait_p95 is 'The same, 95th percentile';
comment on column ops.kinds_by_hour.run_p50 is 'Seconds of the last attempt, median; of tasks that have succeeded or failed';
comment on column ops.kinds_by_hour.run_p95 is 'The same, 95th percentile';

create view ops.kinds as
select
  k.name, k.description, k.args, k.queue, k.priority, k.time_limit, k.soft_time_limit, k.stall_limit, k.max_retries,
  k.retry_delay, k.retry_backoff, k.retry_backoff_max, k.retry_jitter, k.result_expires, k.pool, k.internal,
  (
    select count(*)::int from darkroom.workers w
    where w.status = 'running' and w.heartbeat_at > now() - interval '10 seconds' and w.paused_at is null
      and w.shutdown is null and k.name = any(w.kinds)
  ) as workers
from darkroom.kinds k;

comment on view ops.kinds is 'Kinds of tasks, as API and workers published them at their start';
comment on column ops.kinds.name is 'task of a submission';
comment on column ops.kinds.description is 'What it does';
comment on column ops.kinds.args is 'JSON Schema of the arguments';
comment on column ops.kinds.queue is 'Queue of a submission that names none';
comment on column ops.kinds.priority is 'Priority of a submission that gives none';
comment on column ops.kinds.time_limit is 'Seconds after which the processes of an attempt are killed; null: TASK_TIME_LIMIT of the worker';
comment on column ops.kinds.soft_time_limit is 'Seconds after which the signal of an attempt aborts; null: TASK_SOFT_TIME_LIMIT of the worker';
comment on column ops.kinds.stall_limit is 'Seconds without progress after which the processes of an attempt are killed';
comment on column ops.kinds.max_retries is 'Retries after failures';
comment on column ops.kinds.retry_delay is 'Seconds before the first retry';
comment on column ops.kinds.retry_backoff is 'Whether the delay doubles with each retry';
comment on column ops.kinds.retry_backoff_max is 'Longest delay in seconds';
comment on column ops.kinds.retry_jitter is 'Whether each delay is drawn at random, up to that one';
comment on column ops.kinds.result_expires is 'Seconds that a result stays readable';
comment on column ops.kinds.pool is 'Where bodies run: in a child process, or inline in the worker';
comment on column ops.kinds.internal is 'Only Darkroom submits it';
comment on column ops.kinds.workers is 'Running workers that know it; paused and ending ones are not counted';

-- Films ---------------------------------------------------------------------------------------------------------------

create view ops.renditions as
select
  r.video_id, r.name, r.width, r.height, r.status, r.reason,
  case when r.status = 'ready' then
    '/api/videos/' || r.video_id || '/files/' || regexp_replace(r.storage_key, '^.*/', '')
  end as url,
  r.bytes, r.bitrate, r.codec, r.duration
from darkroom.renditions r;

comment on view ops.renditions is 'The prints of each film: those that are served, or the rungs that are to come. Found by video_id';
comment on column ops.renditions.video_id is 'Id of the film';
comment on column ops.renditions.name is '480p, 720p, 1080p …';
comment on column ops.renditions.width is 'Width in pixels';
comment on column ops.renditions.height is 'Height in pixels';
comment on column ops.renditions.status is 'ready, skipped, or what the film is: pending, processing, failed';
comment on column ops.renditions.reason is 'Why it was skipped, or the type of the error that the film failed with';
comment on column ops.renditions.url is 'Path of the print at the API';
comment on column ops.renditions.bytes is 'Size of the print';
comment on column ops.renditions.bitrate is 'Bits per second';
comment on column ops.renditions.codec is 'Codec of the picture, or of the sound if there is none';
comment on column ops.renditions.duration is 'Seconds';

create view ops.videos as
select
  v.id, v.filename, v.bytes, v.sha256, v.status, v.processed, v.progress,
  (select r.url from ops.renditions r where r.video_id = v.id and r.name = '480p') as resolution_480p,
  (select r.url from ops.renditions r where r.video_id = v.id and r.name = '720p') as resolution_720p,
  (select r.url from ops.renditions r where r.video_id = v.id and r.name = '1080p') as resolution_1080p,
  (
    select coalesce(jsonb_agg(
      to_jsonb(r) - 'video_id' - 'duration' order by coalesce(array_position(array['480p', '720p', '1080p', '1440p', '2160p'], split_part(r.name, '.', 1)), 0),
      r.name collate "C"
    ), '[]') from ops.renditions r where r.video_id = v.id
  ) as renditions,
  (
    select '/api/videos/' || v.id || '/files/hls/master.m3u8' from darkroom.streams s where s.video_id = v.id
  ) as hls_url,
  (
    select '/api/videos/' || f.id || '/files/' || e.name
    from darkroom.films f join darkroom.extras e on e.set_id = f.print_set_id
    where f.id = v.id and e.name = 'poster.jpg'
  ) as poster_url,
  (
    select '/api/videos/' || f.id || '/files/' || e.name
    from darkroom.films f join darkroom.extras e on e.set_id = f.print_set_id
    where f.id = v.id and e.name = 'storyboard.vtt'
  ) as storyboard_url,
  v.probe, v.task_id, v.error, v.created_at, v.ready_at,
  (
    select coalesce(jsonb_agg(
      jsonb_build_object('language', e.language, 'url', '/api/videos/' || f.id || '/files/' || e.name)
      order by e.language collate "C"
    ), '[]')
    from darkroom.films f join darkroom.extras e on e.set_id = f.print_set_id
    where f.id = v.id and e.language is not null
  ) as subtitles,
  case when jsonb_array_length(coalesce(v.probe -> 'audio_tracks', '[]')) > 1 then (
    select '/api/videos/' || v.id || '/files/hls/tracks.m3u8'
    from darkroom.streams s where s.video_id = v.id and s.complete
  ) end as hls_tracks_url,
  coalesce(v.probe -> 'audio_tracks', '[]') as audio_tracks,
  v.created_by,
  v.playback_epoch,
  v.playback
from darkroom.videos v;

comment on view ops.videos is 'Films as HTTP shows them. Found by id; newest first by created_at desc, id desc';
comment on column ops.videos.id is 'Id';
comment on column ops.videos.filename is 'Name of the file, as uploaded';
comment on column ops.videos.bytes is 'Size of the original';
comment on column ops.videos.sha256 is 'SHA-256 of the original in hexadecimal';
comment on column ops.videos.playback is 'public (what is made of it is for all), signed (for keys and links alone), or null: as the setting PLAYBACK says';
comment on column ops.videos.status is 'uploaded, processing, ready or failed';
comment on column ops.videos.processed is 'Whether prints are served; stays true while they are made again';
comment on column ops.videos.progress is 'From 0 to 1; null while unknown';
comment on column ops.videos.resolution_480p is 'Path of the 480p print at the API; null without one';
comment on column ops.videos.resolution_720p is 'Path of the 720p print at the API; null without one';
comment on column ops.videos.resolution_1080p is 'Path of the 1080p print at the API; null without one';
comment on column ops.videos.renditions is 'Each print as JSON, also those that were skipped; ops.renditions has them as rows';
comment on column ops.videos.hls_url is 'Path of the master playlist (HLS) at the API, from the first segment on; null without one';
comment on column ops.videos.poster_url is 'Path of the poster at the API; null without one';
comment on column ops.videos.storyboard_url is 'Path of the storyboard (WebVTT with #xywh) at the API; null without one';
comment on column ops.videos.probe is 'Streams and properties of the original; null until prints were made';
comment on column ops.videos.task_id is 'Id of the latest task that makes the prints';
comment on column ops.videos.error is 'type and message: why the film failed, else null';
comment on column ops.videos.created_at is 'When it was uploaded';
comment on column ops.videos.ready_at is 'When the prints that are served were ready';
comment on column ops.videos.subtitles is 'language (BCP 47) and url of each WebVTT file, as JSON';
comment on column ops.videos.hls_tracks_url is 'Path of the master playlist (HLS) for players that choose an audio track; null where there is one track or none';
comment on column ops.videos.audio_tracks is 'language (BCP 47), name and default of each audio track of the prints, as JSON';
comment on column ops.videos.created_by is 'Name of the key that uploaded it; null without one';
comment on column ops.videos.playback_epoch is 'Part of what signs a link to the film; each revocation raises it';

-- Schedules -----------------------------------------------------------------------------------------------------------

-- An option of the wrong type, which only SQL can have written, is shown as null and does not break the view.
create view ops.schedules as
select
  s.id, s.name, s.task, s.args, s.queue, s.priority, s.cron, s.every, s.at, s.timezone, s.start_at, s.end_at, s.jitter,
  s.enabled, s.one_off, s.missed, s.missed_max, s.overlap,
  case when jsonb_typeof(s.options -> 'expires') = 'number' then (s.options ->> 'expires')::float8 end as expires,
  case when jsonb_typeof(s.options -> 'max_retries') = 'number' then (s.options ->> 'max_retries')::int end as max_retries,
  case when jsonb_typeof(s.options -> 'retry_delay') = 'number' then (s.options ->> 'retry_delay')::float8 end as retry_delay,
  case when jsonb_typeof(s.options -> 'retry_backoff') = 'boolean' then (s.options ->> 'retry_backoff')::boolean end as retry_backoff,
  case when jsonb_typeof(s.options -> 'retry_backoff_max') = 'number' then (s.options ->> 'retry_backoff_max')::float8 end as retry_backoff_max,
  case when jsonb_typeof(s.options -> 'retry_jitter') = 'boolean' then (s.options ->> 'retry_jitter')::boolean end as retry_jitter,
  case when jsonb_typeof(s.options -> 'time_limit') = 'number' then (s.options ->> 'time_limit')::float8 end as time_limit,
  case when jsonb_typeof(s.options -> 'soft_time_limit') = 'number' then (s.options ->> 'soft_time_limit')::float8 end as soft_time_limit,
  case when jsonb_typeof(s.options -> 'result_expires') = 'number' then (s.options ->> 'result_expires')::int end as result_expires,
  s.description, coalesce(s.refusal, s.note) as note, s.tags, s.system, s.created_at, s.updated_at, s.last_run_at,
  s.last_task_id, s.next_run_at, s.total_run_count, s.total_skipped
from darkroom.schedules s;

comment on view ops.schedules is 'What makes tasks periodically';
comment on column ops.schedules.id is 'Id';
comment on column ops.schedules.name is 'Unique';
comment on column ops.schedules.task is 'Kind of its tasks';
comment on column ops.schedules.args is 'Arguments of its tasks';
comment on column ops.schedules.queue is 'Queue of its tasks; null: that of the kind';
comment on column ops.schedules.priority is 'Priority of its tasks; null: that of the kind';
comment on column ops.schedules.cron is 'Exactly one of cron, every and at is set';
comment on column ops.schedules.every is 'Seconds between two tasks';
comment on column ops.schedules.at is 'The one moment at which it is due';
comment on column ops.schedules.timezone is 'In which its cron expression is read';
comment on column ops.schedules.enabled is 'Whether it makes tasks';
comment on column ops.schedules.start_at is 'Not due before; inclusive';
comment on column ops.schedules.end_at is 'Not due after; inclusive';
comment on column ops.schedules.one_off is 'It is disabled after its first task';
comment on column ops.schedules.missed is 'What becomes of occurrences that are more than 60 s late: skip, once, all';
comment on column ops.schedules.missed_max is 'Most tasks at a time for missed: all';
comment on column ops.schedules.overlap is 'allow, or skip: no task while its last one is unfinished';
comment on column ops.schedules.jitter is 'Seconds; a delay up to this is added to every occurrence';
comment on column ops.schedules.expires is 'Seconds after which a task that has not started is revoked';
comment on column ops.schedules.max_retries is 'Retries of its tasks; null: as the kind has them, as for each option';
comment on column ops.schedules.retry_delay is 'Seconds before the first retry';
comment on column ops.schedules.retry_backoff is 'Whether the delay doubles with each retry';
comment on column ops.schedules.retry_backoff_max is 'Longest delay in seconds';
comment on column ops.schedules.retry_jitter is 'Whether each delay is drawn at random, up to that one';
comment on column ops.schedules.time_limit is 'Seconds after which the processes of an attempt are killed';
comment on column ops.schedules.soft_time_limit is 'Seconds after which the signal of an attempt aborts';
comment on column ops.schedules.result_expires is 'Seconds that results of its tasks stay readable';
comment on column ops.schedules.description is 'What it is for';
comment on column ops.schedules.note is 'Why it is as it is, or why a worker disabled it';
comment on column ops.schedules.tags is 'Tags of its tasks';
comment on column ops.schedules.system is 'Darkroom''s own house-keeping';
comment on column ops.schedules.created_at is 'When it was made';
comment on column ops.schedules.updated_at is 'Last change of its settings';
comment on column ops.schedules.last_run_at is 'When it last made a task';
comment on column ops.schedules.last_task_id is 'The task that it made last';
comment on column ops.schedules.next_run_at is 'The next moment at which it is due; null: none, or disabled';
comment on column ops.schedules.total_run_count is 'Tasks that it has made';
comment on column ops.schedules.total_skipped is 'Occurrences that made no task';

create view ops.occurrences as
select
  o.schedule_id, s.name as schedule, o.due_at, o.outcome, o.reason, o.task_id,
  greatest(0, extract(epoch from
    date_trunc('milliseconds', o.decided_at) - date_trunc('milliseconds', o.due_at)
  )::float8) as late_by,
  o.manual, o.until, o.count
from darkroom.occurrences o
left join darkroom.schedules s on s.id = o.schedule_id;

comment on view ops.occurrences is 'What became of each moment at which a schedule was due. Found by schedule_id and due_at';
comment on column ops.occurrences.schedule_id is 'Id of the schedule';
comment on column ops.occurrences.schedule is 'Name of the schedule';
comment on column ops.occurrences.due_at is 'When it was due; of a run by hand, when it was asked for';
comment on column ops.occurrences.outcome is 'fired (made a task), skipped, or coalesced (a later one stands for it)';
comment on column ops.occurrences.reason is 'Why it made no task: overlap, missed, too_many, paused, queue_gone';
comment on column ops.occurrences.task_id is 'The task that it made';
comment on column ops.occurrences.late_by is 'Seconds from due_at to the decision';
comment on column ops.occurrences.manual is 'Asked for by a request: run now, or backfill';
comment on column ops.occurrences.until is 'Last of the occurrences that this row stands for, where it stands for several';
comment on column ops.occurrences.count is 'Occurrences that this row stands for';

-- Workers and queues --------------------------------------------------------------------------------------------------

create view ops.workers as
select
  w.id, w.host, w.pid, w.version, w.queues,
  jsonb_build_object(
    'child', array(select kind from unnest(w.kinds) with ordinality k (kind, n) where kind <> all(w.inline_kinds) order by n),
    'inline', w.inline_kinds
  ) as pools,
  w.concurrency, w.children, w.paused_at is not null as paused, w.shutdown,
  case when silent.since is null then w.status else 'lost' end as status,
  w.started_at, w.heartbeat_at, greatest(0, extract(epoch from now() - w.heartbeat_at)::float8) as heartbeat_age,
  coalesce(w.stopped_at, silent.since) as stopped_at,
  (
    select coalesce(jsonb_agg(jsonb_build_object(
      'task_id', t.id, 'task', t.task, 'queue', t.queue, 'attempt', t.attempts, 'started_at', t.started_at
    ) order by t.started_at, t.id), '[]')
    from darkroom.tasks t where t.state = 'STARTED' and t.worker = w.id
  ) as running,
  '{"started": 0, "succeeded": 0, "failed": 0, "timed_out": 0, "crashed": 0, "cancelled": 0, "handed_back": 0}' || w.tasks
    as tasks,
  w.memory, w.cpu, w.media_sandbox
from darkroom.workers w
cross join lateral (
  select case
    when w.status = 'running' and w.heartbeat_at < now() - interval '10 seconds' then
      w.heartbeat_at + interval '10 seconds'
  end as since
) silent;

comment on view ops.workers is 'Processes that run attempts; one that has gone stays for a day';
comment on column ops.workers.id is 'Id';
comment on column ops.workers.host is 'Name of the host or container';
comment on column ops.workers.pid is 'Id of the process';
comment on column ops.workers.version is 'Version of Darkroom';
comment on column ops.workers.queues is 'Queues that it takes tasks from';
comment on column ops.workers.pools is 'Kinds that it knows, as JSON: child (run in child processes) and inline';
comment on column ops.workers.concurrency is 'Attempts that it runs side by side';
comment on column ops.workers.children is 'Child processes; more than concurrency until surplus ones have ended';
comment on column ops.workers.paused is 'Whether it takes no more tasks';
comment on column ops.workers.shutdown is 'How it is shutting down (warm, cold), else null';
comment on column ops.workers.status is 'running, stopped, or lost: it sent no heartbeat for 10 seconds';
comment on column ops.workers.started_at is 'When it started';
comment on column ops.workers.heartbeat_at is 'Its last heartbeat';
comment on column ops.workers.heartbeat_age is 'Seconds since its last heartbeat; one comes every 3';
comment on column ops.workers.stopped_at is 'When it stopped';
comment on column ops.workers.running is 'Running attempts as JSON, oldest first';
comment on column ops.workers.tasks is 'Attempts since started_at as JSON, as of its last heartbeat: started, succeeded, failed, timed_out, crashed, cancelled, handed_back';
comment on column ops.workers.memory is 'Bytes held by the worker and all processes that it started';
comment on column ops.workers.cpu is 'Cores kept busy by the worker and all processes that it started';
comment on column ops.workers.media_sandbox is 'What keeps ffmpeg from files and network on its machine, as JSON: files, network, proved_at, missing, with HARDWARE also hardware; null before it has said';

-- Waiting jobs are read once, from pg-boss's fetch index alone. The oldest job is not the one that was created first: a
-- retry or a countdown waits from its due time.
create view ops.queue_depth as
with in_hand as materialized (
  select queue, count(*)::int as running from darkroom.in_hand where not ahead group by queue
)
select
  q.name, waiting.depth, waiting.oldest_age, coalesce(h.running, 0) as running,
  (
    select count(*)::int from darkroom.workers w
    where w.status = 'running' and w.heartbeat_at > now() - interval '10 seconds' and w.paused_at is null
      and w.shutdown is null and q.name = any(w.queues)
  ) as workers,
  d.name is not null as paused, d.paused_at, d.paused_by, d.reason, d.until,
  (
    select darkroom.percentile_of(darkroom.sum_hists(m.wait_hist), 0.95) from darkroom.minutes m
    where m.minute > now() - interval '15 minutes' and m.queue = q.name
  ) as pickup_p95,
  (
    select count(*)::int from pgboss.job j
    where q.name <> 'media' and j.name = q.name and j.created_on > now() - interval '1 minute'
  ) + (
    -- There the time of a job is its place: keys take turns.
    select count(*)::int from darkroom.task_groups g join darkroom.tasks t using (state, task, queue)
    where q.name = 'media' and g.queue = 'media' and t.created_at > now() - interval '1 minute'
  ) as created_per_minute,
  (
    select count(*)::int from pgboss.job j
    where j.name = q.name and j.completed_on > now() - interval '1 minute' and j.state > 'active'
  ) as finished_per_minute
from pgboss.queue q
left join darkroom.paused_queues d on d.name = q.name
left join in_hand h on h.queue = q.name
cross join lateral (
  select
    count(*)::int as depth,
    extract(epoch from now() - min(j.start_after))::float8 as oldest_age
  from pgboss.job j
  where j.name = q.name and j.state < 'active' and not j.blocked
) waiting
where q.name not in ('delayed', 'due') and q.name not like '\_\_pgboss\_\_%';

comment on view ops.queue_depth is 'Queues: what waits in them, who takes from them, whether they are paused';
comment on column ops.queue_depth.name is 'Name';
comment on column ops.queue_depth.depth is 'Waiting tasks that could run now, or wait for their next attempt';
comment on column ops.queue_depth.oldest_age is 'Seconds for which the oldest of them has waited';
comment on column ops.queue_depth.running is 'Tasks whose bodies run; tasks that a worker holds ahead are not counted';
comment on column ops.queue_depth.workers is 'Running workers that take from it; paused and ending ones are not counted';
comment on column ops.queue_depth.paused is 'Whether workers take no tasks from it';
comment on column ops.queue_depth.paused_at is 'When it was paused';
comment on column ops.queue_depth.paused_by is 'What paused it: an address, or a role of Postgres';
comment on column ops.queue_depth.reason is 'Why it is paused';
comment on column ops.queue_depth.until is 'When it resumes by itself';
comment on column ops.queue_depth.pickup_p95 is 'Seconds from when a task was due to the start of its body: 95 % of the starts of the last 15 minutes waited less; null where none started';
comment on column ops.queue_depth.created_per_minute is 'Tasks that were submitted during the last minute';
comment on column ops.queue_depth.finished_per_minute is 'Tasks that finished during the last minute';
