-- ops.enqueue_task: a submission by SQL, in the caller's own transaction.

-- Milliseconds first, then twelve bits of the fraction of a millisecond, so that the ids of one session grow; the rest is
-- random. (uuidv7() comes with Postgres 18 only.)
-- One expression, which Postgres puts into the statement that calls it: as a query of its own it took 4 µs more. 512/125
-- of a microsecond are a 4096th of a millisecond: 48 bits of milliseconds and 12 of their parts, around the version.
create function darkroom.new_id() returns uuid language sql volatile as $$
  select (
    overlay(
      lpad(to_hex((extract(epoch from clock_timestamp()) * 1000000)::bigint * 512 / 125), 15, '0')
      placing '7' from 13 for 0
    ) || right(replace(gen_random_uuid()::text, '-', ''), 16)
  )::uuid
$$;
comment on function darkroom.new_id() is 'A new task''s id: a UUID of version 7';

-- Options of a submission, as the HTTP API checks them.
create function darkroom.submission_schema() returns jsonb language sql immutable as $$
  select '{
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "task": {"type": "string", "maxLength": 100},
      "args": {"type": "object"},
      "name": {"type": "string", "maxLength": 200},
      "description": {"type": "string", "maxLength": 10000},
      "countdown": {"type": "number", "minimum": 0, "maximum": 315360000},
      "expires": {"type": "number", "minimum": 0, "maximum": 315360000},
      "queue": {"type": "string", "maxLength": 100},
      "priority": {"type": "integer", "minimum": 0, "maximum": 9},
      "max_retries": {"type": "integer", "minimum": 0, "maximum": 10000},
      "retry_delay": {"type": "number", "minimum": 0, "maximum": 315360000},
      "retry_backoff": {"type": "boolean"},
      "retry_backoff_max": {"type": "number", "minimum": 0, "maximum": 315360000},
      "retry_jitter": {"type": "boolean"},
      "time_limit": {"type": "number", "minimum": 0.001, "maximum": 31536000},
      "soft_time_limit": {"type": "number", "minimum": 0.001, "maximum": 31536000},
      "result_expires": {"type": "integer", "minimum": 1, "maximum": 315360000},
      "webhook": {"type": "string", "maxLength": 36},
      "tags": {"type": "array", "maxItems": 20, "items": {"type": "string", "minLength": 1, "maxLength": 100}}
    }
  }'::jsonb
$$;
comment on function darkroom.submission_schema() is 'JSON Schema of the options of a submission';

create function darkroom.contradictions(options jsonb, time_limit double precision) returns text[]
language plpgsql immutable as $$
declare
  wrong text[] := '{}';
  starts text[];
  hard float8 := coalesce((options ->> 'time_limit')::float8, time_limit);
begin
  if options ?| array['run_at', 'eta', 'scheduled_time', 'countdown', 'expires_at'] then
    wrong := array(
      select name || ' must be a time from the year 1 to 9999' from jsonb_each_text(options) given (name, value)
      where name in ('run_at', 'eta', 'scheduled_time', 'expires_at') and value !~ '^\d{4}-[^ ]*$'
    );
    starts := array(
      select name from unnest(array['run_at', 'scheduled_time', 'eta', 'countdown']) name where options ? name
    );
    if cardinality(starts) > 1 then
      wrong := wrong || format('%s says again when to start: give one of %s', starts[2], array_to_string(starts, ', '));
    end if;
    if options ?& array['expires', 'expires_at'] then
      wrong := wrong || 'expires_at says again when to start at the latest: give one of expires, expires_at'::text;
    end if;
  end if;
  if (options ->> 'soft_time_limit')::float8 >= hard then
    wrong := wrong || format('soft_time_limit must be less than time_limit, which is %s', hard);
  end if;
  return wrong;
end;
$$;
comment on function darkroom.contradictions(jsonb, double precision) is 'Times that are none, and options that contradict each other or the time limit of the kind';

-- `options` has what the caller gave, without nulls. Refuses in the order and the words of HTTP; returns the kind.
create function darkroom.check_submission(options jsonb) returns darkroom.kinds
language plpgsql as $$
declare
  kind darkroom.kinds;
begin
  -- Most give nothing else, and then there is nothing to check.
  if options - '{task,args,run_at,eta,scheduled_time,expires_at}'::text[] <> '{}'
    or jsonb_typeof(options -> 'args') <> 'object'
  then
    perform darkroom.refuse_misfits(
      darkroom.misfits(darkroom.submission_schema(), options - '{run_at,eta,scheduled_time,expires_at}'::text[], '')
    );
  end if;
  select * into kind from darkroom.kinds k where k.name = options ->> 'task';
  if not found then
    perform darkroom.refuse(
      400, 'UNKNOWN_TASK', format('There is no kind of task named "%s"', options ->> 'task'),
      'ops.kinds lists the kinds; API and workers publish theirs when they start'
    );
  elsif kind.internal then
    perform darkroom.refuse(
      403, 'KIND_INTERNAL', format('The kind "%s" is internal: only Darkroom and the scope "admin" submit and steer its tasks', kind.name)
    );
  end if;
  if octet_length((options -> 'args')::text) > 1048576 then
    perform darkroom.refuse_misfits(array['args must be at most 1 MiB']);
  end if;
  perform darkroom.refuse_misfits(darkroom.misfits(kind.args, options -> 'args', 'args'));
  perform darkroom.refuse_unknown_queue(coalesce(options ->> 'queue', kind.queue));
  if options ? 'webhook' and not exists (select from darkroom.webhooks w where w.id::text = lower(options ->> 'webhook')) then
    perform darkroom.refuse_misfits(array['webhook is not a known webhook']);
  end if;
  perform darkroom.refuse_misfits(darkroom.contradictions(options, kind.time_limit));
  return kind;
end;
$$;
comment on function darkroom.check_submission(jsonb) is 'Refuses a submission that HTTP would refuse, as far as SQL can know; returns its kind';

-- Task, job, event and deadline, as src/tasks/submit/enqueue.ts writes them. Postgres refuses values that are too small
-- for a real; they are taken for 0.
create function darkroom.enqueue(id uuid, options jsonb, kind darkroom.kinds) returns void
language plpgsql as $$
#variable_conflict use_column
declare
  woken text;
  left_ms bigint;
begin
  with task as (
    insert into darkroom.tasks (
      id, task, queue, name, description, priority, args, max_retries, retry_delay, retry_backoff, retry_backoff_max,
      retry_jitter, time_limit, soft_time_limit, result_expires, eta, expires_at, tags, video_id,
      webhook_id
    )
    select
      $1, kind.name, coalesce(o.queue, kind.queue), o.name, o.description, coalesce(o.priority, kind.priority), o.args,
      coalesce(o.max_retries, kind.max_retries), case when o.retry_delay < 1e-30 then 0 else o.retry_delay end,
      o.retry_backoff, case when o.retry_backoff_max < 1e-30 then 0 else o.retry_backoff_max end, o.retry_jitter,
      o.time_limit, o.soft_time_limit, coalesce(o.result_expires, kind.result_expires),
      coalesce(o.run_at, o.eta, o.scheduled_time, now() + o.countdown * interval '1 second'),
      coalesce(o.expires_at, now() + o.expires * interval '1 second'), coalesce(o.tags, '{}'),
      case when o.args ->> 'video_id' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then (o.args ->> 'video_id')::uuid end,
      o.webhook::uuid
    from jsonb_to_record(options) as o (
      queue text, name text, description text, priority int, args jsonb, max_retries int, retry_delay float8,
      retry_backoff boolean, retry_backoff_max float8, retry_jitter boolean, time_limit float8, soft_time_limit float8,
      result_expires int, run_at timestamptz, eta timestamptz, scheduled_time timestamptz, countdown float8,
      expires_at timestamptz, expires float8, tags text[], webhook text
    )
    returning id, task, queue, priority, result_expires, eta, expires_at
  ), job as (
    insert into pgboss.job (
      id, name, data, priority, policy, retry_limit, expire_seconds, deletion_seconds, keep_until, start_after
    )
    select
      id, case when eta > now() then 'delayed' else queue end, jsonb_build_object('task', task), priority, 'standard',
      2147483647, 2147483647, result_expires, 'infinity', coalesce(greatest(eta, now()), now())
    from task
  ), event as (
    insert into darkroom.events (task_id, state) select id, 'PENDING' from task
  ), deadline as (
    insert into darkroom.deadlines (expires_at, task_id) select expires_at, id from task where expires_at is not null
  )
  select
    case when eta > now() then 'delayed' else queue end,
    -- Whole seconds, so that the notifications of many tasks are one.
    1000 * greatest(0, floor(extract(epoch from expires_at - clock_timestamp())))
  into woken, left_ms from task;
  perform pg_notify('darkroom_wake', woken);
  if left_ms is not null then
    perform pg_notify('darkroom_deadline', left_ms::text);
  end if;
end;
$$;
comment on function darkroom.enqueue(uuid, jsonb, darkroom.kinds) is 'Writes a checked submission and wakes the workers at the commit';

-- By itself, as a block with an exception is a subtransaction, and ten thousand of these slow down every other session.
create function darkroom.enqueue_film(id uuid, options jsonb, kind darkroom.kinds) returns void language plpgsql as $$
begin
  perform darkroom.enqueue(id, options, kind);
exception
  when unique_violation then
    perform darkroom.refuse_busy_video(sqlerrm, (options -> 'args' ->> 'video_id')::uuid);
end;
$$;
comment on function darkroom.enqueue_film(uuid, jsonb, darkroom.kinds) is 'The same for process_video, of which a film has one open task at most';

-- The same rows as an Idempotency-Key of HTTP has. Returns the first answer under a key; null where this is the first.
create function darkroom.first_answer(key text, request bytea) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  first darkroom.idempotency_keys;
begin
  if key !~ '^[!-~]{1,255}$' then
    perform darkroom.refuse_misfits(array['idempotency_key must be 1 to 255 visible ASCII characters']);
  end if;
  insert into darkroom.idempotency_keys as known (key, request) values ($1, $2)
  on conflict on constraint idempotency_keys_pkey do update set request = $2, answer = null, created_at = now()
    where known.created_at < now() - interval '24 hours';
  if found then
    return null;
  end if;
  select * into first from darkroom.idempotency_keys k where k.key_id = '' and k.key = $1;
  if first.request is distinct from $2 then
    perform darkroom.refuse(
      409, 'IDEMPOTENCY_KEY_REUSED', format('The Idempotency-Key "%s" was used for another request', $1)
    );
  end if;
  return (first.answer -> 'body')::jsonb;
end;
$$;
comment on function darkroom.first_answer(text, bytea) is 'Claims an idempotency key, or returns the answer of the request that has claimed it';

create function ops.enqueue_task(
  task text,
  args jsonb default '{}',
  queue text default null,
  priority int default null,
  run_at timestamptz default null,
  name text default null,
  description text default null,
  eta timestamptz default null,
  scheduled_time timestamptz default null,
  countdown double precision default null,
  expires double precision default null,
  expires_at timestamptz default null,
  max_retries int default null,
  retry_delay double precision default null,
  retry_backoff boolean default null,
  retry_backoff_max double precision default null,
  retry_jitter boolean default null,
  time_limit double precision default null,
  soft_time_limit double precision default null,
  result_expires int default null,
  tags text[] default null,
  idempotency_key text default null,
  webhook uuid default null
) returns ops.tasks
language plpgsql security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = 'force_generic_plan' as $$
declare
  options jsonb := jsonb_strip_nulls(jsonb_build_object(
    'task', $1, 'queue', $3, 'priority', $4, 'run_at', $5, 'name', $6, 'description', $7, 'eta', $8,
    'scheduled_time', $9, 'countdown', $10, 'expires', $11, 'expires_at', $12, 'max_retries', $13, 'retry_delay', $14,
    'retry_backoff', $15, 'retry_backoff_max', $16, 'retry_jitter', $17, 'time_limit', $18, 'soft_time_limit', $19,
    'result_expires', $20, 'tags', $21, 'webhook', $23
  )) || jsonb_build_object('args', coalesce($2, '{}'));
  new_id uuid := darkroom.new_id();
  kind darkroom.kinds;
  request jsonb;
  first jsonb;
  submitted ops.tasks;
begin
  if $22 is not null then
    -- Times as seconds: as text they depend on the time zone of the session.
    request := options || jsonb_strip_nulls(jsonb_build_object(
      'run_at', extract(epoch from $5), 'eta', extract(epoch from $8), 'scheduled_time', extract(epoch from $9),
      'expires_at', extract(epoch from $12)
    ));
    first := darkroom.first_answer($22, sha256(convert_to(E'ops.enqueue_task\n' || request::text, 'UTF8')));
    if first is not null then
      return jsonb_populate_record(null::ops.tasks, first);
    end if;
  end if;

  kind := darkroom.check_submission(options);
  if kind.name = 'process_video' then
    perform darkroom.enqueue_film(new_id, options, kind);
  else
    perform darkroom.enqueue(new_id, options, kind);
  end if;
  select * into submitted from ops.tasks t where t.id = new_id;
  if $22 is not null then
    update darkroom.idempotency_keys k set answer = json_build_object(
      'status', 201, 'location', '/api/tasks/' || new_id, 'body', to_jsonb(submitted)
    ) where k.key_id = '' and k.key = $22;
  end if;
  return submitted;
end;
$$;
comment on function ops.enqueue_task(
  text, jsonb, text, int, timestamptz, text, text, timestamptz, timestamptz, double precision, double precision,
  timestamptz, int, double precision, boolean, double precision, boolean, double precision, double precision, int, text[],
  text, uuid
) is 'Submits a task in the caller''s transaction: rolled back with it, and taken by a worker after its commit. As POST /api/tasks, and parameters have the names of its fields; run_at, eta and scheduled_time are the same, expires is in seconds';

revoke all on all functions in schema ops from public;
