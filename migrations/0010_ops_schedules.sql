-- ops.set_schedule: makes or changes a schedule by name. SQL checks what it can; a worker plans the next moment within
-- milliseconds of the commit, and disables a schedule that never comes (its refusal says why).

create function darkroom.cron_item_fits(item text, lowest int, highest int, words text) returns boolean
language plpgsql immutable as $$
declare
  part text[] := regexp_match(item, '^(\*|\?|\w+)(?:-(\w+))?(?:/(\d{1,3}))?$');
  value text;
begin
  if part is null or (part[3] is not null and part[3]::int not between 1 and highest - lowest + 1) then
    return false;
  end if;
  foreach value in array array_remove(part[1:2], null) loop
    continue when value in ('*', '?');
    if value ~ '^\d{1,3}$' then
      if value::int not between lowest and highest then
        return false;
      end if;
    elsif words = '' or value !~* ('^(' || words || ')$') then
      return false;
    end if;
  end loop;
  return true;
end;
$$;
comment on function darkroom.cron_item_fits(text, int, int, text) is 'Whether a value, range or step fits a field of a cron expression';

-- What is wrong with a cron expression, as far as its fields can tell; null where nothing is. L, W and # are left to the
-- worker.
create function darkroom.cron_misfit(cron text) returns text
language plpgsql immutable as $$
declare
  names constant text[] := array['second', 'minute', 'hour', 'day of month', 'month', 'weekday'];
  lowest constant int[] := array[0, 0, 0, 1, 1, 0];
  highest constant int[] := array[59, 59, 23, 31, 12, 7];
  words constant text[] := array[
    '', '', '', '',
    'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|january|february|march|april|june|july|august|september|october|november|december',
    'sun|mon|tue|wed|thu|fri|sat|sunday|monday|tuesday|wednesday|thursday|friday|saturday'
  ];
  fields text[] := regexp_split_to_array(btrim(cron), '[ \t]+');
  item text;
begin
  if cron is null then
    return null;
  elsif length(cron) > 256 then
    return format('the text has %s characters; at most 256 are allowed', length(cron));
  elsif btrim(cron) ~* '^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$' then
    return null;
  elsif cardinality(fields) = 5 then
    fields := array['0'] || fields;
  elsif cardinality(fields) <> 6 then
    return format('the text has %s fields; it must have 5, or 6 with seconds first', cardinality(fields));
  end if;
  for n in 1..6 loop
    foreach item in array string_to_array(ltrim(fields[n], case n when 6 then '+' else '' end), ',') loop
      continue when n in (4, 6) and item ~* '^(l|lw|\d+w|\w+#[1-5l]|\w+l)$';
      if not darkroom.cron_item_fits(item, lowest[n], highest[n], words[n]) then
        return format('%s: %s is not from %s to %s', names[n], item, lowest[n], highest[n]);
      end if;
    end loop;
  end loop;
  return null;
end;
$$;
comment on function darkroom.cron_misfit(text) is 'What is wrong with the fields of a cron expression; null where nothing is';

create function darkroom.refuse_timing(s darkroom.schedules, at_is_new boolean) returns void
language plpgsql as $$
declare
  wrong text[] := '{}';
  given text[] := array_remove(array[
    case when s.cron is not null then 'cron' end, case when s.every is not null then 'every' end,
    case when s.at is not null then 'at' end
  ], null);
begin
  if cardinality(given) = 0 then
    wrong := array['cron is missing: give one of cron, every and at'];
  elsif cardinality(given) > 1 then
    wrong := array[format('%s says again when it is due: give one of %s', given[2], array_to_string(given, ', '))];
  end if;
  if darkroom.cron_misfit(s.cron) is not null then
    wrong := wrong || ('cron ' || darkroom.cron_misfit(s.cron));
  end if;
  if s.every < 1 or s.every > 315360000 or s.every = 'NaN' then
    wrong := wrong || 'every must be from 1 to 315360000'::text;
  end if;
  if at_is_new and s.at < now() - interval '1 minute' then
    wrong := wrong || 'at is in the past'::text;
  end if;
  if s.end_at < s.start_at then
    wrong := wrong || 'end_at must not be before start_at'::text;
  end if;
  if s.jitter < 0 or s.jitter > 86400 or s.jitter = 'NaN' then
    wrong := wrong || 'jitter must be from 0 to 86400'::text;
  end if;
  if s.missed not in ('skip', 'once', 'all') then
    wrong := wrong || 'missed must be one of skip, once, all'::text;
  end if;
  if s.missed_max not between 1 and 500 then
    wrong := wrong || 'missed_max must be from 1 to 500'::text;
  end if;
  if s.overlap not in ('allow', 'skip') then
    wrong := wrong || 'overlap must be one of allow, skip'::text;
  end if;
  if s.name !~ '^\S(.*\S)?$' or length(s.name) > 200 or s.name ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    wrong := wrong || 'name must have 1 to 200 characters, without blanks at its ends, and not the form of an id'::text;
  end if;
  -- The time zones of Node decide; what Postgres does not know either is a mistake.
  if s.timezone !~* '^[a-z][a-z0-9_+/-]{0,63}$'
    or not exists (select from pg_timezone_names z where lower(z.name) = lower(s.timezone))
  then
    wrong := wrong || format('timezone "%s" is not a time zone; use a name such as Europe/Berlin or UTC', s.timezone);
  end if;
  perform darkroom.refuse_misfits(wrong);
end;
$$;
comment on function darkroom.refuse_timing(darkroom.schedules, boolean) is 'Refuses what HTTP would refuse about when a schedule is due, as far as SQL can know';

-- The task that the schedule would make now. House-keeping keeps its own.
create function darkroom.template_of(s darkroom.schedules) returns jsonb
language plpgsql as $$
declare
  kind darkroom.kinds;
  options jsonb := jsonb_strip_nulls(jsonb_build_object(
    'task', s.task, 'name', s.name, 'queue', s.queue, 'priority', s.priority
  )) || s.options || jsonb_build_object('args', s.args, 'tags', s.tags);
begin
  if s.system then
    return s.template;
  end if;
  kind := darkroom.check_submission(options);
  return options - 'expires' || jsonb_strip_nulls(jsonb_build_object(
    'expires_in', s.options -> 'expires',
    'queue', coalesce(s.queue, kind.queue),
    'priority', coalesce(s.priority, kind.priority),
    'max_retries', coalesce((s.options ->> 'max_retries')::int, kind.max_retries),
    'result_expires', coalesce((s.options ->> 'result_expires')::int, kind.result_expires)
  ));
end;
$$;
comment on function darkroom.template_of(darkroom.schedules) is 'The task that a schedule would make now; refuses what HTTP would refuse';

create function ops.set_schedule(
  name text,
  task text default null,
  args jsonb default null,
  cron text default null,
  every double precision default null,
  at timestamptz default null,
  timezone text default null,
  enabled boolean default null,
  start_at timestamptz default null,
  end_at timestamptz default null,
  one_off boolean default null,
  missed text default null,
  missed_max int default null,
  overlap text default null,
  jitter double precision default null,
  queue text default null,
  priority int default null,
  expires double precision default null,
  max_retries int default null,
  retry_delay double precision default null,
  retry_backoff boolean default null,
  retry_backoff_max double precision default null,
  retry_jitter boolean default null,
  time_limit double precision default null,
  soft_time_limit double precision default null,
  result_expires int default null,
  description text default null,
  note text default null,
  tags text[] default null
) returns ops.schedules
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  before darkroom.schedules;
  s darkroom.schedules;
  retimed boolean;
  answer ops.schedules;
begin
  select * into before from darkroom.schedules k where k.name = $1 for update;
  s := before;
  if s.id is null then
    s.id := darkroom.new_id();
    s.name := $1;
    s.task := coalesce($2, 'process_data');
    s.args := '{}';
    s.options := '{}';
    s.timezone := 'UTC';
    s.enabled := true;
    s.one_off := false;
    s.missed := 'skip';
    s.missed_max := 100;
    s.overlap := 'allow';
    s.jitter := 0;
    s.tags := '{}';
    s.system := false;
    s.created_at := date_trunc('milliseconds', clock_timestamp());
    s.total_run_count := 0;
    s.total_skipped := 0;
  elsif s.system and (coalesce($2, s.task) <> s.task or coalesce($3, s.args) <> s.args) then
    perform darkroom.refuse(
      409, 'SYSTEM_SCHEDULE', format('The schedule "%s" is one of Darkroom: its task and args are fixed', $1)
    );
  end if;

  s.task := coalesce($2, s.task);
  s.args := coalesce($3, s.args);
  if num_nonnulls($4, $5, $6) > 0 then
    s.cron := $4;
    s.every := $5;
    s.at := $6;
  end if;
  s.timezone := coalesce($7, s.timezone);
  s.enabled := coalesce($8, s.enabled);
  s.start_at := coalesce($9, s.start_at);
  s.end_at := coalesce($10, s.end_at);
  s.one_off := coalesce($11, s.one_off);
  s.missed := coalesce($12, s.missed);
  s.missed_max := coalesce($13, s.missed_max);
  s.overlap := coalesce($14, s.overlap);
  s.jitter := coalesce($15, s.jitter);
  s.queue := coalesce($16, s.queue);
  if $17 not between 0 and 9 then
    perform darkroom.refuse_misfits(array['priority must be from 0 to 9']);
  end if;
  s.priority := coalesce($17::smallint, s.priority);
  s.options := s.options || jsonb_strip_nulls(jsonb_build_object(
    'expires', $18, 'max_retries', $19, 'retry_delay', $20, 'retry_backoff', $21, 'retry_backoff_max', $22,
    'retry_jitter', $23, 'time_limit', $24, 'soft_time_limit', $25, 'result_expires', $26
  ));
  s.description := coalesce($27, s.description);
  s.note := coalesce($28, s.note);
  s.tags := coalesce($29, s.tags);
  s.updated_at := now();
  perform darkroom.refuse_timing(s, $6 is not null);
  s.template := darkroom.template_of(s);

  retimed := (s.cron, s.every, s.at, s.timezone, s.start_at, s.end_at, s.jitter) is distinct from
    (before.cron, before.every, before.at, before.timezone, before.start_at, before.end_at, before.jitter);
  if not s.enabled then
    s.disabled_at := coalesce(before.disabled_at, greatest(now(), s.created_at));
    s.next_run_at := null;
  elsif retimed or not before.enabled then
    -- A worker writes down what was due since disabled_at, as long as that was of this timing and no worker's doing.
    if retimed or before.refusal is not null then
      s.disabled_at := null;
    end if;
    s.next_run_at := null;
    s.planned_at := null;
    s.refusal := null;
  end if;
  if before.id is null then
    insert into darkroom.schedules select s.*;
  else
    update darkroom.schedules k set
      task = s.task, args = s.args, queue = s.queue, priority = s.priority, options = s.options, template = s.template,
      cron = s.cron, every = s.every, at = s.at, timezone = s.timezone, start_at = s.start_at, end_at = s.end_at,
      jitter = s.jitter, enabled = s.enabled, one_off = s.one_off, missed = s.missed, missed_max = s.missed_max,
      overlap = s.overlap, description = s.description, note = s.note, tags = s.tags, updated_at = s.updated_at,
      disabled_at = s.disabled_at, next_run_at = s.next_run_at, planned_at = s.planned_at, refusal = s.refusal
    where k.id = s.id;
  end if;
  perform darkroom.record_sql_act(
    case when before.id is null then 'schedule.add' else 'schedule.edit' end, 'schedule', s.id::text,
    jsonb_build_object('name', s.name)
  );
  perform pg_notify('darkroom_wake', 'due');
  select * into answer from ops.schedules v where v.id = s.id;
  return answer;
end;
$$;
comment on function ops.set_schedule(
  text, text, jsonb, text, double precision, timestamptz, text, boolean, timestamptz, timestamptz, boolean, text, int, text,
  double precision, text, int, double precision, int, double precision, boolean, double precision, boolean,
  double precision, double precision, int, text, text, text[]
) is 'Makes or changes the schedule of that name, as POST and PATCH /api/schedules do; a parameter that is null leaves the setting as it is. A worker computes next_run_at right after the commit';

revoke all on all functions in schema ops from public;
