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
-- formats other than uuid; the worker checks all of it again before the body runs.
create function darkroom.misfits(schema jsonb, value jsonb, field text) returns setof text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  wrong text;
  option jsonb;
begin
  if schema = 'false' then
    return next field || ' is not a known field';
  end if;
  if jsonb_typeof(schema) <> 'object' then
    return;
  end if;
  wrong := coalesce(darkroom.misfit_of_options(schema, value, field), darkroom.misfit_of_value(schema, value, field));
  if wrong is not null then
    return next wrong;
    return;
  end if;
  for option in select * from jsonb_array_elements(coalesce(schema -> 'allOf', '[]')) loop
    return query select * from darkroom.misfits(option, value, field);
  end loop;
  if jsonb_typeof(value) = 'object' then
    return query select * from darkroom.misfits_of_fields(schema, value, field);
  elsif jsonb_typeof(value) = 'array' and schema ? 'items' then
    return query
    select wrong_item from jsonb_array_elements(value) with ordinality as items (item, place)
    cross join darkroom.misfits(schema -> 'items', item, format('%s[%s]', field, place - 1)) wrong_item;
  end if;
end;
$$;
comment on function darkroom.misfits(jsonb, jsonb, text) is 'What is wrong with a value by a JSON Schema: a line for each field. A part of JSON Schema; the worker checks the rest';

create function darkroom.misfit_of_options(schema jsonb, value jsonb, field text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  option jsonb;
  wrong text;
  words text[] := '{}';
begin
  if not schema ?| array['anyOf', 'oneOf'] then
    return null;
  end if;
  for option in select * from jsonb_array_elements(coalesce(schema -> 'anyOf', schema -> 'oneOf')) loop
    wrong := (select line from darkroom.misfits(option, value, field) line limit 1);
    if wrong is null then
      return null;
    end if;
    -- One message for all of them: "must be … or …".
    words := words || case words when '{}' then wrong else regexp_replace(ltrim(substr(wrong, length(field) + 1)), '^must be ', '') end;
  end loop;
  return array_to_string(words, ' or ');
end;
$$;
comment on function darkroom.misfit_of_options(jsonb, jsonb, text) is 'Why a value fits none of anyOf; null where it fits one';

create function darkroom.misfit_of_value(schema jsonb, value jsonb, field text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
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

create function darkroom.field_in(field text, name text) returns text
language sql immutable as $$ select case field when '' then name else field || '.' || name end $$;
comment on function darkroom.field_in(text, text) is 'Path of a field inside another, as HTTP writes it';

create function darkroom.misfits_of_fields(schema jsonb, value jsonb, field text) returns setof text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select darkroom.field_in(field, name) || ' is required'
  from jsonb_array_elements_text(coalesce(schema -> 'required', '[]')) required (name)
  where not value ? name
  union all
  select wrong
  from jsonb_each(value) each (name, item)
  cross join lateral (
    select case
      when schema -> 'properties' ? name then schema -> 'properties' -> name
      when schema ? 'patternProperties' then schema -> 'patternProperties' -> '^.*$'
      else schema -> 'additionalProperties'
    end
  ) own (schema)
  cross join darkroom.misfits(own.schema, item, darkroom.field_in(field, name)) wrong
$$;
comment on function darkroom.misfits_of_fields(jsonb, jsonb, text) is 'What is wrong with the fields of an object';
