-- What SQL has to know of the kinds, which live in Node: API and workers publish theirs when they start.

create table darkroom.kinds (
  name text primary key,
  description text,
  queue text not null,
  priority smallint not null,
  max_retries int not null,
  retry_delay double precision not null,
  retry_backoff boolean not null,
  retry_backoff_max double precision not null,
  retry_jitter boolean not null,
  time_limit double precision,
  soft_time_limit double precision,
  stall_limit double precision,
  result_expires int not null,
  pool text not null constraint kinds_pool check (pool in ('child', 'inline')),
  internal boolean not null,
  args jsonb not null,
  updated_at timestamptz not null default now()
);

comment on table darkroom.kinds is 'Kinds of tasks with their settings, as API and workers published them at their start';
comment on column darkroom.kinds.name is 'task of a submission';
comment on column darkroom.kinds.description is 'What it does';
comment on column darkroom.kinds.queue is 'Queue of a submission that names none';
comment on column darkroom.kinds.priority is 'Priority of a submission that gives none';
comment on column darkroom.kinds.max_retries is 'Retries after failures, of a submission that gives none';
comment on column darkroom.kinds.retry_delay is 'Seconds before the first retry';
comment on column darkroom.kinds.retry_backoff is 'Whether the delay doubles with each retry';
comment on column darkroom.kinds.retry_backoff_max is 'Longest delay in seconds';
comment on column darkroom.kinds.retry_jitter is 'Whether each delay is drawn at random, up to that one';
comment on column darkroom.kinds.time_limit is 'Seconds after which the processes of an attempt are killed; null: TASK_TIME_LIMIT of the worker';
comment on column darkroom.kinds.soft_time_limit is 'Seconds after which the signal of an attempt aborts; null: TASK_SOFT_TIME_LIMIT of the worker';
comment on column darkroom.kinds.stall_limit is 'Seconds without progress after which the processes of an attempt are killed';
comment on column darkroom.kinds.result_expires is 'Seconds that a result stays readable, of a submission that gives none';
comment on column darkroom.kinds.pool is 'Where bodies run: in a child process, or inline in the worker';
comment on column darkroom.kinds.internal is 'Only Darkroom submits it';
comment on column darkroom.kinds.args is 'JSON Schema of the arguments';
comment on column darkroom.kinds.updated_at is 'When a process published another definition than the one before';

-- A modest JSON Schema checker for what TypeBox writes, in the words of the HTTP API. It passes over patterns, and over
-- formats other than uuid; the worker checks all of it again before the body runs. Arrays and no sets, and no settings of
-- their own: ten thousand submissions in one statement took twice as long with those.
create function darkroom.field_in(field text, name text) returns text
language sql immutable as $$ select case field when '' then name else field || '.' || name end $$;
comment on function darkroom.field_in(text, text) is 'Path of a field inside another, as HTTP writes it';

create function darkroom.misfit_of_value(schema jsonb, value jsonb, field text) returns text
language plpgsql immutable as $$
declare
  kind text := jsonb_typeof(value);
  wanted text := schema ->> 'type';
  size numeric := case kind
    when 'number' then value::numeric
    when 'string' then length(value #>> '{}')
    when 'array' then jsonb_array_length(value)
  end;
begin
  return field || ' ' || case
    when wanted = 'integer' and (kind <> 'number' or size % 1 <> 0) then 'must be integer'
    when jsonb_typeof(schema -> 'type') = 'string' and wanted not in (kind, 'integer') then 'must be ' || wanted
    when schema ? 'enum' and not schema -> 'enum' @> jsonb_build_array(value) then
      'must be one of ' || (
        select string_agg(word, ', ' order by place)
        from jsonb_array_elements_text(schema -> 'enum') with ordinality as words (word, place)
      )
    when schema ? 'const' and schema -> 'const' <> value then 'must be equal to constant'
    when kind = 'number' then case
      when size < (schema ->> 'minimum')::numeric then 'must be >= ' || (schema ->> 'minimum')
      when size <= (schema ->> 'exclusiveMinimum')::numeric then 'must be > ' || (schema ->> 'exclusiveMinimum')
      when size > (schema ->> 'maximum')::numeric then 'must be <= ' || (schema ->> 'maximum')
      when size >= (schema ->> 'exclusiveMaximum')::numeric then 'must be < ' || (schema ->> 'exclusiveMaximum')
      when size % (schema ->> 'multipleOf')::numeric <> 0 then 'must be multiple of ' || (schema ->> 'multipleOf')
    end
    when kind = 'string' then case
      when size < (schema ->> 'minLength')::numeric then
        format('must not have fewer than %s characters', schema ->> 'minLength')
      when size > (schema ->> 'maxLength')::numeric then
        format('must not have more than %s characters', schema ->> 'maxLength')
      when schema ->> 'format' = 'uuid' and (value #>> '{}') !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
        'must be a uuid'
    end
    when kind = 'array' then case
      when size < (schema ->> 'minItems')::numeric then format('must not have fewer than %s items', schema ->> 'minItems')
      when size > (schema ->> 'maxItems')::numeric then format('must not have more than %s items', schema ->> 'maxItems')
    end
  end;
end;
$$;
comment on function darkroom.misfit_of_value(jsonb, jsonb, text) is 'What is wrong with a value itself, without its fields and items; null where nothing is';

create function darkroom.misfits(schema jsonb, value jsonb, field text) returns text[]
language plpgsql immutable as $$
declare
  kind text := jsonb_typeof(value);
  wrong text;
  option jsonb;
  all_wrong text[] := '{}';
begin
  -- First what nearly every field is.
  if schema = jsonb_build_object('type', kind) or schema is null then
    return '{}';
  elsif schema = 'false' then
    return array[field || ' is not a known field'];
  elsif jsonb_typeof(schema) <> 'object' then
    return '{}';
  end if;
  wrong := darkroom.misfit_of_value(schema, value, field);
  if wrong is null and schema ?| array['anyOf', 'oneOf'] then
    wrong := darkroom.misfit_of_options(coalesce(schema -> 'anyOf', schema -> 'oneOf'), value, field);
  end if;
  if wrong is not null then
    return array[wrong];
  end if;
  if schema ? 'allOf' then
    for option in select e from jsonb_array_elements(schema -> 'allOf') each (e) loop
      all_wrong := all_wrong || darkroom.misfits(option, value, field);
    end loop;
  end if;
  if kind = 'object' then
    return all_wrong || darkroom.misfits_of_fields(schema, value, field);
  elsif kind = 'array' then
    return all_wrong || darkroom.misfits_of_items(schema -> 'items', value, field);
  end if;
  return all_wrong;
end;
$$;
comment on function darkroom.misfits(jsonb, jsonb, text) is 'What is wrong with a value by a JSON Schema: a line for each field. A part of JSON Schema; the worker checks the rest';

create function darkroom.misfit_of_options(options jsonb, value jsonb, field text) returns text
language plpgsql immutable as $$
declare
  option jsonb;
  wrong text[];
  words text[] := '{}';
begin
  for option in select e from jsonb_array_elements(options) each (e) loop
    wrong := darkroom.misfits(option, value, field);
    if wrong = '{}' then
      return null;
    end if;
    -- One message for all of them: "must be … or …".
    words := words || case words
      when '{}' then wrong[1]
      else regexp_replace(ltrim(substr(wrong[1], length(field) + 1)), '^must be ', '')
    end;
  end loop;
  return array_to_string(words, ' or ');
end;
$$;
comment on function darkroom.misfit_of_options(jsonb, jsonb, text) is 'Why a value fits none of anyOf; null where it fits one';

create function darkroom.misfits_of_fields(schema jsonb, value jsonb, field text) returns text[]
language plpgsql immutable as $$
declare
  name text;
  item jsonb;
  wrong text[] := '{}';
begin
  for place in 0 .. coalesce(jsonb_array_length(schema -> 'required'), 0) - 1 loop
    name := schema -> 'required' ->> place;
    if not value ? name then
      wrong := wrong || (darkroom.field_in(field, name) || ' is required');
    end if;
  end loop;
  for name, item in select key, each.value from jsonb_each(value) each loop
    wrong := wrong || darkroom.misfits(
      case
        when schema -> 'properties' ? name then schema -> 'properties' -> name
        when schema ? 'patternProperties' then schema -> 'patternProperties' -> '^.*$'
        else schema -> 'additionalProperties'
      end,
      item, darkroom.field_in(field, name)
    );
  end loop;
  return wrong;
end;
$$;
comment on function darkroom.misfits_of_fields(jsonb, jsonb, text) is 'What is wrong with the fields of an object';

create function darkroom.misfits_of_items(schema jsonb, value jsonb, field text) returns text[]
language plpgsql immutable as $$
declare
  wrong text[] := '{}';
begin
  if schema is not null then
    for place in 0 .. jsonb_array_length(value) - 1 loop
      wrong := wrong || darkroom.misfits(schema, value -> place, format('%s[%s]', field, place));
    end loop;
  end if;
  return wrong;
end;
$$;
comment on function darkroom.misfits_of_items(jsonb, jsonb, text) is 'What is wrong with the items of an array';
