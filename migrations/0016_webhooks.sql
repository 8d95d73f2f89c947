-- Webhooks. A message is written by the transaction of the change that it tells of, by triggers: HTTP, workers and SQL
-- all pass them, and a change that is rolled back takes its messages along. Workers deliver them.

create table darkroom.webhooks (
  id uuid primary key,
  url text not null constraint webhooks_url check (length(url) between 1 and 2048),
  description text,
  types text[] not null,
  queues text[],
  tasks text[],
  include text[] not null default '{}',
  ordered boolean not null default false,
  enabled boolean not null default true,
  disabled_reason text constraint webhooks_reason check (disabled_reason in ('request', 'gone', 'failing')),
  disabled_at timestamptz,
  failures int not null default 0,
  failing_since timestamptz,
  secret bytea not null constraint webhooks_secret check (length(secret) >= 24),
  old_secret bytea,
  old_secret_until timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),

  constraint webhooks_enabled check (enabled = (disabled_reason is null) and enabled = (disabled_at is null))
);

comment on table darkroom.webhooks is 'Addresses that are told of changes';
comment on column darkroom.webhooks.types is 'Types of messages that it gets; none: only those of tasks that name it';
comment on column darkroom.webhooks.queues is 'Only tasks and pauses of these queues; null: of all';
comment on column darkroom.webhooks.tasks is 'Only tasks of these kinds; null: of all but internal ones';
comment on column darkroom.webhooks.include is 'What messages hold besides the usual: result';
comment on column darkroom.webhooks.ordered is 'Messages about one task or film are delivered one after the other';
comment on column darkroom.webhooks.disabled_reason is 'request, gone (it answered 410) or failing (5 days of failures); of a failing one messages are still kept, for a replay';
comment on column darkroom.webhooks.failures is 'Failed attempts since the last success';
comment on column darkroom.webhooks.failing_since is 'The first of them';
comment on column darkroom.webhooks.secret is 'Signs the messages; encrypted with the master secret (AES-256-GCM: nonce, tag, ciphertext; the id is its associated data)';
comment on column darkroom.webhooks.old_secret is 'Signs too, until old_secret_until; encrypted as well';

create table darkroom.webhook_messages (
  id uuid primary key,
  webhook_id uuid not null,
  sequence bigint generated always as identity,
  type text not null,
  subject uuid,
  task_id uuid,
  video_id uuid,
  traceparent text,
  data jsonb not null,
  created_at timestamptz not null default now(),
  attempts int not null default 0,
  tries int not null default 0,
  next_at timestamptz default now(),
  lease uuid,
  leased_until timestamptz,
  delivered_at timestamptz
)
-- Half of a page is left to the second versions of its rows, which a claim writes: there they need no index entries.
with (fillfactor = 50);

-- Without a reference to the webhook: its deletion would remove a million messages in one statement. They are not
-- delivered any more, and expire_deliveries removes them.
create index webhook_messages_due on darkroom.webhook_messages (webhook_id, next_at, sequence) where next_at is not null;
create index webhook_messages_in_line on darkroom.webhook_messages (webhook_id, subject, sequence)
  where next_at is not null and subject is not null;
create index webhook_messages_listed on darkroom.webhook_messages (webhook_id, created_at desc, id desc);

comment on table darkroom.webhook_messages is 'Messages to webhooks, one row for each message and webhook, for HISTORY_EXPIRES: the outbox, and what became of it';
comment on column darkroom.webhook_messages.id is 'webhook-id is msg_ and this, the same in all attempts and replays';
comment on column darkroom.webhook_messages.sequence is 'Grows; of one task or film the later message has the greater one';
comment on column darkroom.webhook_messages.subject is 'Film or task that an ordered webhook is told of in order; null for other webhooks';
comment on column darkroom.webhook_messages.traceparent is 'Place of its task in a trace, which its receiver goes on from; null outside of one';
comment on column darkroom.webhook_messages.data is 'As sent, but for url, sequence and result, which are added at each attempt: a result expires';
comment on column darkroom.webhook_messages.attempts is 'Attempts so far';
comment on column darkroom.webhook_messages.tries is 'Those since it was written or replayed; there are 8';
comment on column darkroom.webhook_messages.next_at is 'When to try (again); null: delivered or given up';
comment on column darkroom.webhook_messages.lease is 'The worker that delivers it now';
comment on column darkroom.webhook_messages.leased_until is 'When another worker may take it over; in no index, so that a claim writes none';

create table darkroom.webhook_attempts (
  message_id uuid not null,
  number int not null,
  at timestamptz not null,
  ms int not null,
  status int,
  error text,
  answer text,
  address text,

  primary key (message_id, number)
);

comment on table darkroom.webhook_attempts is 'Attempts to deliver a message; they go with it';
comment on column darkroom.webhook_attempts.ms is 'Milliseconds that it took';
comment on column darkroom.webhook_attempts.status is 'HTTP status of the answer; null without one';
comment on column darkroom.webhook_attempts.error is 'Why it failed; null where it delivered the message';
comment on column darkroom.webhook_attempts.answer is 'First KiB of the answer''s body';
comment on column darkroom.webhook_attempts.address is 'IP address that it was sent to';

-- Null for most tasks, and costs these nothing.
alter table darkroom.tasks add column webhook_id uuid;
comment on column darkroom.tasks.webhook_id is 'Webhook that is told of its end, whatever that webhook''s filters say';

-- What happens --------------------------------------------------------------------------------------------------------

create function darkroom.tell_webhooks(type text, subject uuid, queue text, task_id uuid, video_id uuid, data jsonb)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into darkroom.webhook_messages (id, webhook_id, type, subject, task_id, video_id, traceparent, data, next_at)
  select
    darkroom.new_id(), w.id, $1, case when w.ordered then $2 end, $4, $5,
    (select t.traceparent from darkroom.tasks t where t.id = $4), $6, case when w.enabled then now() end
  from darkroom.webhooks w
  where (w.enabled or w.disabled_reason = 'failing') and $1 = any(w.types)
    and ($3 is null or w.queues is null or $3 = any(w.queues));
  if found then
    perform pg_notify('darkroom_webhooks', '');
  end if;
end;
$$;
comment on function darkroom.tell_webhooks(text, uuid, text, uuid, uuid, jsonb) is 'Writes a message to each webhook that wants its type, and wakes the workers at the commit';

-- Once a statement, however many tasks it ends; without a webhook it does one look at an empty table. As its caller, which
-- may insert events, and without a search_path of its own: the switch would be the larger part of that look. It names
-- every schema.
create function darkroom.tell_endings() returns trigger
language plpgsql as $$
declare
  failed record;
begin
  if not exists (select from darkroom.webhooks w where w.enabled or w.disabled_reason = 'failing') then
    return null;
  end if;
  insert into darkroom.webhook_messages (id, webhook_id, type, subject, task_id, video_id, traceparent, data, next_at)
  select
    darkroom.new_id(), w.id, ending.type, case when w.ordered then coalesce(t.video_id, t.id) end, t.id, t.video_id,
    t.traceparent, jsonb_build_object(
      'id', t.id, 'task', t.task, 'name', t.name, 'queue', t.queue, 'state', e.state, 'status', ending.status,
      'attempts', e.attempt, 'tags', t.tags, 'video_id', t.video_id,
      'error', case when e.error is not null then jsonb_build_object(
        'type', left(e.error ->> 'type', 200), 'message', left(e.error ->> 'message', 2000)
      ) end
    ),
    case when w.enabled then now() end
  from new_events e
  cross join lateral (
    select
      case e.state when 'SUCCESS' then 'task.completed' when 'FAILURE' then 'task.failed' else 'task.cancelled' end,
      case e.state when 'SUCCESS' then 'COMPLETED' when 'FAILURE' then 'FAILED' else 'CANCELLED' end
  ) ending (type, status)
  join darkroom.tasks t on t.id = any(array[e.task_id])
  join darkroom.webhooks w on (w.enabled or w.disabled_reason = 'failing') and (
    w.id = t.webhook_id or (
      ending.type = any(w.types) and (w.queues is null or t.queue = any(w.queues)) and case
        when w.tasks is null then not exists (select from darkroom.kinds k where k.name = t.task and k.internal)
        else t.task = any(w.tasks)
      end
    )
  )
  where e.state in ('SUCCESS', 'FAILURE', 'REVOKED')
  order by e.id;
  if found then
    perform pg_notify('darkroom_webhooks', '');
  end if;

  for failed in
    select v.id, v.filename, v.task_id, v.error
    from new_events e
    join darkroom.tasks t on t.id = any(array[e.task_id]) and t.task = 'process_video'
    join darkroom.videos v on v.id = t.video_id
    where e.state in ('FAILURE', 'REVOKED') and v.status = 'failed'
  loop
    perform darkroom.tell_webhooks(
      'video.failed', failed.id, null, failed.task_id, failed.id,
      jsonb_build_object(
        'id', failed.id, 'video', failed.filename, 'status', 'failed', 'task_id', failed.task_id,
        'error', jsonb_build_object(
          'type', left(failed.error ->> 'type', 200), 'message', left(failed.error ->> 'message', 2000)
        )
      )
    );
  end loop;
  return null;
end;
$$;
comment on function darkroom.tell_endings() is 'Writes the messages about tasks that a statement has ended, and about films that failed with them';

create trigger tell_endings after insert on darkroom.events
  referencing new table as new_events for each statement execute function darkroom.tell_endings();

create function darkroom.tell_film() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  film darkroom.films := case tg_op when 'DELETE' then old else new end;
begin
  perform darkroom.tell_webhooks(
    case tg_op when 'DELETE' then 'video.deleted' else 'video.ready' end, film.id, null, film.task_id, film.id,
    jsonb_build_object(
      'id', film.id, 'video', film.filename, 'status', case tg_op when 'DELETE' then 'deleted' else 'ready' end,
      'task_id', film.task_id, 'error', null
    )
  );
  return null;
end;
$$;
comment on function darkroom.tell_film() is 'Writes the messages about a film that got its prints or is deleted';

create trigger tell_ready after update of print_set_id on darkroom.films
  for each row when (new.print_set_id is not null and new.print_set_id is distinct from old.print_set_id)
  execute function darkroom.tell_film();
create trigger tell_deleted after delete on darkroom.films for each row execute function darkroom.tell_film();

-- A pause of a queue whose pause is over has a new time; one that is only changed keeps its own.
create function darkroom.tell_pause() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' and new.paused_at = old.paused_at then
    return null;
  end if;
  perform darkroom.tell_webhooks(
    'queue.paused', null, new.name, null, null,
    jsonb_build_object('queue', new.name, 'paused_by', new.paused_by, 'reason', new.reason)
  );
  return null;
end;
$$;
comment on function darkroom.tell_pause() is 'Writes the messages about a queue that is paused';

create trigger tell_pause after insert or update of paused_at on darkroom.queues
  for each row execute function darkroom.tell_pause();

create function darkroom.tell_disabled() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform darkroom.tell_webhooks(
    'webhook.disabled', null, null, null, null,
    jsonb_build_object('id', new.id, 'description', new.description, 'reason', new.disabled_reason)
  );
  -- It is not told of itself, should it be kept for a replay.
  delete from darkroom.webhook_messages m
  where m.webhook_id = new.id and m.type = 'webhook.disabled' and m.data ->> 'id' = new.id::text and m.created_at = now();
  return null;
end;
$$;
comment on function darkroom.tell_disabled() is 'Writes the messages to other webhooks about one that was disabled';

create trigger tell_disabled after update of enabled on darkroom.webhooks
  for each row when (old.enabled and new.disabled_reason in ('gone', 'failing'))
  execute function darkroom.tell_disabled();

-- The DBA's seat ------------------------------------------------------------------------------------------------------

create view ops.webhooks as
select
  w.id, w.url, w.types, w.queues, w.tasks, w.include, w.ordered, w.description, w.enabled, w.disabled_reason,
  w.disabled_at, w.failures, w.failing_since, w.old_secret_until, w.created_at, w.updated_at
from darkroom.webhooks w;
comment on view ops.webhooks is 'Addresses that are told of changes; without their secrets';
comment on column ops.webhooks.id is 'Id';
comment on column ops.webhooks.url is 'Where messages are sent to';
comment on column ops.webhooks.types is 'Types of messages that it gets; none: only those of tasks that name it';
comment on column ops.webhooks.queues is 'Only tasks and pauses of these queues; null: of all';
comment on column ops.webhooks.tasks is 'Only tasks of these kinds; null: of all but internal ones';
comment on column ops.webhooks.include is 'What messages hold besides the usual: result';
comment on column ops.webhooks.ordered is 'Messages about one task or film are delivered one after the other';
comment on column ops.webhooks.description is 'What it is for';
comment on column ops.webhooks.enabled is 'Whether messages are sent';
comment on column ops.webhooks.disabled_reason is 'request, gone (it answered 410) or failing (5 days of failures)';
comment on column ops.webhooks.disabled_at is 'Since when it is disabled';
comment on column ops.webhooks.failures is 'Failed attempts since the last success';
comment on column ops.webhooks.failing_since is 'The first of them';
comment on column ops.webhooks.old_secret_until is 'Until when messages are also signed with the secret before the last rotation';
comment on column ops.webhooks.created_at is 'When it was made';
comment on column ops.webhooks.updated_at is 'When it was changed by a client';

create view ops.deliveries as
select
  'msg_' || m.id as id, m.webhook_id, m.type, m.sequence, m.task_id, m.video_id,
  case when m.next_at is not null then 'pending' when m.delivered_at is not null then 'delivered' else 'failed' end
    as status,
  m.data, m.created_at, m.delivered_at, m.next_at, m.attempts, last.status as response_status, last.error, last.answer,
  last.ms, last.at as last_attempt_at
from darkroom.webhook_messages m
left join lateral (
  select a.at, a.ms, a.status, a.error, a.answer from darkroom.webhook_attempts a
  where a.message_id = m.id order by a.number desc limit 1
) last on true;
comment on view ops.deliveries is 'Messages to webhooks and what became of them, for HISTORY_EXPIRES';
comment on column ops.deliveries.id is 'The header webhook-id';
comment on column ops.deliveries.webhook_id is 'Webhook that it is for';
comment on column ops.deliveries.type is 'What happened, such as task.completed';
comment on column ops.deliveries.sequence is 'Grows; of one task or film the later message has the greater one';
comment on column ops.deliveries.task_id is 'Task that it is about';
comment on column ops.deliveries.video_id is 'Film that it is about';
comment on column ops.deliveries.status is 'pending, delivered, or failed: given up';
comment on column ops.deliveries.data is 'What it says, but for url, sequence and result';
comment on column ops.deliveries.created_at is 'When it happened';
comment on column ops.deliveries.delivered_at is 'When it was delivered';
comment on column ops.deliveries.next_at is 'When it is tried (again); in the past: it is sent now, or waits for its turn';
comment on column ops.deliveries.attempts is 'Attempts so far';
comment on column ops.deliveries.response_status is 'HTTP status of the last attempt';
comment on column ops.deliveries.error is 'Why the last attempt failed';
comment on column ops.deliveries.answer is 'First KiB of the answer to the last attempt';
comment on column ops.deliveries.ms is 'Milliseconds of the last attempt';
comment on column ops.deliveries.last_attempt_at is 'When the last attempt began';
