-- The statements of src/, by file. Written by: node scripts/print-sql.ts

-- src/audit/keep.ts: sealAuditSql
select * from darkroom.seal_audit();

-- src/audit/keep.ts: expireAuditSql
select darkroom.expire_audit($1) as gone;

-- src/audit/record.ts: recordActSql
insert into darkroom.audit (
  actor_kind, actor_id, actor_name, ip, request_id, action, target_type, target_id, outcome, detail
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, darkroom.short_detail($10));

-- src/bulk/queries.ts: listBulkSql
select 
  id, action, status, filter, queue, over, expected::float8 as expected, exact, done::float8 as done, skipped, undo_of,
  undone_by, task_id, created_by, created_at, started_at, finished_at,
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place from darkroom.bulk_progress
where (created_at, id) < ($1::timestamptz, $2::uuid) and ($4::text is null or sight ->> 'owner' = $4)
order by created_at desc, id desc limit $3;

-- src/bulk/queries.ts: listBulkBackSql
select 
  id, action, status, filter, queue, over, expected::float8 as expected, exact, done::float8 as done, skipped, undo_of,
  undone_by, task_id, created_by, created_at, started_at, finished_at,
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place from darkroom.bulk_progress
where (created_at, id) > ($1::timestamptz, $2::uuid) and ($4::text is null or sight ->> 'owner' = $4)
order by created_at, id limit $3;

-- src/bulk/queries.ts: findBulkSql
select 
  id, action, status, filter, queue, over, expected::float8 as expected, exact, done::float8 as done, skipped, undo_of,
  undone_by, task_id, created_by, created_at, started_at, finished_at,
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place, sight from darkroom.bulk_progress where id = $1;

-- src/bulk/start.ts: insertBulkSql
insert into darkroom.bulk_operations (
  id, action, filter, queue, over, expected, is_exact, undo_of, task_id, created_by, sight
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- src/bulk/steer-routes.ts: abortBulkSql
update darkroom.bulk_operations set abort_at = coalesce(abort_at, now()) where id = $1 and finished_at is null;

-- src/bulk/steps.ts: beginBulkSql
update darkroom.bulk_operations set started_at = coalesce(started_at, now())
where id = $1 and finished_at is null and abort_at is null
returning
  id, action, filter, sight, undo_of, place_id,
  case when place_at = '-infinity' then '-infinity'
    else to_char(place_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end as place_at;

-- src/bulk/steps.ts: lockBulkSql
select id from darkroom.bulk_operations where id = $1 and abort_at is null for update;

-- src/bulk/steps.ts: finishBulkSql
update darkroom.bulk_operations set finished_at = now() where id = $1 and finished_at is null;

-- src/bulk/steps.ts: nextItemsSql
select task_id as id from darkroom.bulk_items where operation_id = $1 and task_id > $2 order by task_id limit $3;

-- src/bulk/steps.ts: bulkStepSql
select done::float8, expected::float8 from darkroom.bulk_step($1, $2::uuid[], $3, $4);

-- src/bulk/steps.ts: noteForgottenSql
update darkroom.bulk_operations set done = done + $2, place_at = $3, place_id = $4 where id = $1
returning done::float8, expected::float8;

-- src/bulk/tasks/expire-bulk-operations.ts: removeOldItemsSql
delete from darkroom.bulk_items where (operation_id, task_id) in (
  select i.operation_id, i.task_id from darkroom.bulk_operations o
  cross join lateral (
    select * from darkroom.bulk_items i where i.operation_id = o.id limit 1000
  ) i
  where o.created_at < now() - $1::float8 * interval '1 second'
  order by o.created_at limit 1000
);

-- src/bulk/tasks/expire-bulk-operations.ts: removeOldOperationsSql
delete from darkroom.bulk_operations where id in (
  select o.id from darkroom.bulk_operations o
  where o.created_at < now() - $1::float8 * interval '1 second'
    and not exists (select from darkroom.bulk_items i where i.operation_id = o.id)
  order by o.created_at limit 1000
);

-- src/doctor/alerts/note.ts: standingProblemsSql
select * from darkroom.problems where closed_at is null
union all
select * from darkroom.problems where closed_at > now() - 3600 * interval '1 s';

-- src/doctor/alerts/note.ts: writeProblemsSql
insert into darkroom.problems
select * from jsonb_populate_recordset(null::darkroom.problems, $1::jsonb)
on conflict (id) do update set
  sentence = excluded.sentence, severity = excluded.severity, since = excluded.since, actions = excluded.actions,
  first_seen_at = excluded.first_seen_at, severity_at = excluded.severity_at, last_seen_at = excluded.last_seen_at,
  opened_at = excluded.opened_at, gone_at = excluded.gone_at, closed_at = excluded.closed_at,
  told_at = excluded.told_at, told_severity = excluded.told_severity, flaps = excluded.flaps;

-- src/doctor/alerts/note.ts: forgetProblemsSql
delete from darkroom.problems where id = any($1::uuid[]);

-- src/doctor/alerts/note.ts: tellProblemsSql
select darkroom.tell_problem(told.type, found.problem, told.more)
from jsonb_to_recordset($1::jsonb) as told (id uuid, type text, more jsonb)
cross join lateral (select p as problem from darkroom.problems p where p.id = any(array[told.id])) found;

-- src/doctor/alerts/note.ts: expireProblemsSql
with old as (
  select id from darkroom.problems where closed_at < now() - $1::float8 * interval '1 s' order by closed_at limit 100
), ended as (
  delete from darkroom.problem_silences where until < now()
)
delete from darkroom.problems p using old where p.id = any(array[old.id]);

-- src/doctor/alerts/silences.ts: activeSilencesSql
select code, subject_type, subject_id, until from darkroom.problem_silences where until > now();

-- src/doctor/alerts/turn.ts: takeProblemTurnSql
update darkroom.problem_turn set looker = $1, next_look_at = now() + interval '10 s'
where one and ((looker = $1 and next_look_at <= now()) or next_look_at < now() - interval '15 s')
returning now() as now;

-- src/doctor/alerts/turn.ts: keepProblemTurnSql
update darkroom.problem_turn set next_look_at = now() + $2::float8 * interval '1 s'
where one and looker = $1 returning now() as now;

-- src/doctor/alerts/turn.ts: leaveProblemTurnSql
update darkroom.problem_turn set next_look_at = '-infinity' where one and looker = $1;

-- src/doctor/checks/audit.ts: checkAuditSql
select seals, lines, broken, why from darkroom.check_audit($1);

-- src/doctor/checks/database.ts: factsSql
select
  (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as connections,
  current_setting('max_connections')::int as max_connections,
  current_setting('superuser_reserved_connections')::int as reserved,
  pg_notification_queue_usage() as notify_usage,
  current_setting('autovacuum') as autovacuum,
  current_setting('fsync') as fsync,
  current_setting('full_page_writes') as full_page_writes,
  current_setting('synchronous_commit') as synchronous_commit,
  clock_timestamp() as now,
  current_setting('server_version') as version;

-- src/doctor/checks/tables.ts: bloatedTablesSql
select schemaname || '.' || relname as table, n_live_tup::int8 as live, n_dead_tup::int8 as dead,
  pg_total_relation_size(relid) as bytes, greatest(last_vacuum, last_autovacuum) as vacuumed_at
from pg_stat_user_tables
where schemaname in ('darkroom', 'pgboss') and n_dead_tup > 10000 and n_dead_tup > n_live_tup / 2
order by n_dead_tup desc limit 10;

-- src/doctor/checks/transactions.ts: oldSnapshotsSql
select pid, coalesce(usename, '') as login, application_name as application, coalesce(state, '') as state,
  extract(epoch from now() - coalesce(xact_start, query_start))::int as seconds, 'session' as holds
from pg_stat_activity
where backend_xmin is not null and pid <> pg_backend_pid() and coalesce(xact_start, query_start) < now() - interval '1 minute'
  and backend_type = 'client backend'
union all
select coalesce(active_pid, 0), '', slot_name::text, case when active then 'active' else 'inactive' end, 0, 'slot'
from pg_replication_slots where xmin is not null or (catalog_xmin is not null and not active)
union all
select 0, owner::text, gid, 'prepared', extract(epoch from now() - prepared)::int, 'prepared'
from pg_prepared_xacts where database = current_database()
order by seconds desc limit 10;

-- src/doctor/checks/workers.ts: workerVersionsSql
select version, count(*)::int as workers from darkroom.workers w where w.status = 'running' and w.heartbeat_at > now() - 10 * interval '1 second' group by version order by version;

-- src/doctor/checks/workers.ts: zoneVersionsSql
select tzdata, count(*)::int as schedules from darkroom.schedules
where enabled and cron is not null and tzdata is not null group by tzdata order by tzdata;

-- src/doctor/current.ts: openProblemsSql
select code, subject_type, subject_id, opened_at from darkroom.problems
where closed_at is null and opened_at is not null;

-- src/doctor/problems/doors.ts: strangersRefusedSql
select min(at) as since, coalesce(sum((detail -> 'codes' ->> $1)::int), 0)::int as requests
from darkroom.audit
where action = 'request.refuse' and at > now() - interval '1 hour' and detail -> 'codes' ? $1
  and not exists (select from darkroom.api_keys);

-- src/doctor/problems/failures.ts: failingKindsSql
with recent as (
  select task, sum(failed)::int as failed, sum(failed + succeeded)::int as ended
  from darkroom.minutes where minute > now() - interval '15 minutes'
  group by task having sum(failed) >= 10
)
select recent.task as kind, recent.failed, recent.ended, coalesce(before.share, 0)::float8 as usual
from recent cross join lateral (
  select sum(h.failed)::numeric / nullif(sum(h.failed + h.succeeded), 0) as share
  from darkroom.hours h
  where h.hour > now() - interval '1 day' and h.hour < now() - interval '1 hour' and h.task = recent.task
) before
order by recent.task limit 100;

-- src/doctor/problems/kinds.ts: oldestOfKindSql
select min(oldest.created_at) as since
from darkroom.task_groups g
cross join lateral (
  select t.created_at from darkroom.tasks t
  where t.state = g.state and t.task = g.task and t.queue = g.queue
  order by t.created_at limit 1
) oldest
where g.task = $1 and g.state in ('PENDING', 'RETRY');

-- src/doctor/problems/locks.ts: findHoldersSql
select
  pid, coalesce(application, '') as application, coalesce(login, '') as login, since, cardinality(blocks) as blocks,
  array(
    select distinct split_part(lock, ' ', 1) from unnest(tables) lock where lock not like '% AccessShareLock'
  ) as tables
from darkroom.lock_holders()
where not waits and since < now() - $1 * interval '1 second';

-- src/doctor/problems/schedules.ts: findTroubledSchedulesSql
(
  select id, name, next_run_at, updated_at, null as refusal from darkroom.schedules
  where next_run_at < now() - interval '1 minute' order by next_run_at limit 100
) union all (
  select id, name, null, updated_at, refusal from darkroom.schedules
  where refusal is not null and not enabled order by id limit 100
);

-- src/doctor/problems/versions.ts: runningVersionsSql
select id, host, version, started_at from darkroom.workers w where w.status = 'running' and w.heartbeat_at > now() - 10 * interval '1 second' order by started_at desc limit 500;

-- src/doctor/problems/webhooks.ts: findTroubledWebhooksSql
select w.id, w.url, w.description, w.disabled_reason, w.disabled_at, w.failures, w.failing_since
from darkroom.webhooks w
where w.disabled_reason in ('gone', 'failing')
  or (w.enabled and w.failures >= 3 and w.failing_since < now() - interval '5 minutes')
order by coalesce(w.disabled_at, w.failing_since) limit 100;

-- src/doctor/problems/workers.ts: findTroubledWorkersSql
select id, host, pid, case when w.status = 'running' and w.heartbeat_at > now() - 10 * interval '1 second' then 'running' else 'lost' end as status, paused_at,
  coalesce(stopped_at, heartbeat_at) as stopped_at, shutdown
from darkroom.workers w
where w.status = 'running' and w.heartbeat_at > now() - 10 * interval '1 second'
  or (coalesce(stopped_at, heartbeat_at) > now() - interval '1 hour' and status in ('lost', 'running'))
order by started_at desc limit 500;

-- src/doctor/silence.ts: addSilenceSql
insert into darkroom.problem_silences (id, code, subject_type, subject_id, until, reason, created_by)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (code, coalesce(subject_type, ''), coalesce(subject_id, '')) do update set
  until = excluded.until, reason = excluded.reason, created_by = excluded.created_by, created_at = now()
returning *;

-- src/doctor/silence.ts: listSilencesSql
select * from darkroom.problem_silences where until > now() order by until, id limit 1000;

-- src/http/about.ts: aboutSql
select current_setting('server_version') as postgres, pg_database_size(current_database())::float8 as database_bytes;

-- src/idempotency/once.ts: claimKeySql
insert into darkroom.idempotency_keys as known (key_id, key, request) values ($3, $1, $2)
on conflict (key_id, key) do update set request = $2, answer = null, created_at = now()
  where known.created_at < now() - interval '1 day'
returning key;

-- src/idempotency/once.ts: findAnswerSql
select request, answer from darkroom.idempotency_keys
where key_id = $2 and key = $1 and created_at >= now() - interval '1 day';

-- src/idempotency/once.ts: keepAnswerSql
update darkroom.idempotency_keys set answer = $2 where key_id = $3 and key = $1;

-- src/keys/admin-key.ts: putAdminKeySql
insert into darkroom.api_keys (id, name, family, hash, scopes, created_by)
values ($1, 'admin', $1, $2, array['admin'], 'ADMIN_KEY_FILE')
on conflict (id) do nothing;

-- src/keys/admin-key.ts: readAdminKeySql
select hash = $2 as same, revoked_at is not null as revoked from darkroom.api_keys where id = $1;

-- src/keys/expiring.ts: findExpiringKeysSql
select id, name, expires_at, last_used_at from darkroom.api_keys
where revoked_at is null and replaced_by is null and expires_at between now() and now() + interval '14 days'
order by expires_at limit 100;

-- src/keys/queries.ts: findKeySql
select id, name, family, scopes, limits, hash, extract(epoch from expires_at - now())::float8 as seconds_left,
  revoked_at is not null as is_revoked
from darkroom.api_keys
where id = $1;

-- src/keys/queries.ts: findSessionSql
select k.id, k.name, k.family, k.scopes, k.limits, s.hash,
  extract(epoch from least(k.expires_at, s.expires_at, s.seen_at + 43200 * interval '1 second') - now())::float8
    as seconds_left,
  k.revoked_at is not null as is_revoked
from darkroom.sessions s join darkroom.api_keys k on k.id = s.key_id
where s.id = $1;

-- src/keys/queries.ts: stillActiveSql
select id from darkroom.api_keys
where id = any($1::text[]) and revoked_at is null and (expires_at is null or expires_at > now())
union all
select s.id
from unnest($2::text[]) asked (id)
join darkroom.sessions s on s.id = asked.id
where s.expires_at > now() and s.seen_at > now() - 43200 * interval '1 second';

-- src/keys/queries.ts: countKeysSql
select exists (select from darkroom.api_keys) as some,
  exists (
    select from darkroom.api_keys where revoked_at is null and (expires_at is null or expires_at > now())
  ) as active;

-- src/keys/queries.ts: countApisSql
select greatest(1, count(*))::int as apis from pg_stat_activity
where datname = current_database() and application_name = 'darkroom api ears';

-- src/keys/queries.ts: noteUseSql
with key as (
  update darkroom.api_keys set last_used_at = now()
  where id = any($1::text[]) and (last_used_at is null or last_used_at < now() - interval '30 seconds')
)
update darkroom.sessions set seen_at = now() where id = any($2::text[]);

-- src/keys/sessions/sessions.ts: openSessionSql
with gone as (delete from darkroom.sessions where expires_at < now())
insert into darkroom.sessions (id, hash, key_id, expires_at, address, agent)
select $1, $2, id, now() + 604800 * interval '1 second', $4, $5
from darkroom.api_keys where id = $3 and revoked_at is null
returning least(expires_at, seen_at + 43200 * interval '1 second') as ends_at;

-- src/keys/sessions/sessions.ts: findSessionEndSql
select least(expires_at, seen_at + 43200 * interval '1 second') as ends_at from darkroom.sessions where id = $1;

-- src/keys/sessions/sessions.ts: endSessionSql
delete from darkroom.sessions where id = $1 returning id;

-- src/kinds/list.ts: countWorkersByKindSql
select kind, count(*)::int as workers
from darkroom.workers w, unnest(w.kinds) kind
where w.status = 'running' and w.heartbeat_at > now() - 10 * interval '1 second' and w.paused_at is null and w.shutdown is null
group by kind;

-- src/kinds/publish.ts: publishKindsSql
insert into darkroom.kinds as known (
  name, description, queue, priority, max_retries, retry_delay, retry_backoff, retry_backoff_max, retry_jitter,
  time_limit, soft_time_limit, stall_limit, result_expires, pool, internal, args
)
select
  name, description, queue, priority, max_retries, retry_delay, retry_backoff, retry_backoff_max, retry_jitter,
  time_limit, soft_time_limit, stall_limit, result_expires, pool, internal, args
from jsonb_populate_recordset(null::darkroom.kinds, $1::jsonb)
order by name
on conflict (name) do update set
  description = excluded.description, queue = excluded.queue, priority = excluded.priority,
  max_retries = excluded.max_retries, retry_delay = excluded.retry_delay, retry_backoff = excluded.retry_backoff,
  retry_backoff_max = excluded.retry_backoff_max, retry_jitter = excluded.retry_jitter,
  time_limit = excluded.time_limit, soft_time_limit = excluded.soft_time_limit, stall_limit = excluded.stall_limit,
  result_expires = excluded.result_expires, pool = excluded.pool, internal = excluded.internal, args = excluded.args,
  updated_at = now()
where (to_jsonb(known) - 'updated_at') <> (to_jsonb(excluded) - 'updated_at');

-- src/kinds/publish.ts: withdrawKindsSql
delete from darkroom.kinds k
where k.name <> all($1) and not exists (
  select from darkroom.workers w where w.status = 'running' and w.heartbeat_at > now() - 10 * interval '1 second' and k.name = any(w.kinds)
);

-- src/live/edits.ts: findEditsSql
select task_id, at, edited from darkroom.events where edited is not null and at > $1 order by at limit 200;

-- src/queues/queries.ts: listQueuesSql
with in_hand as materialized (
  select * from darkroom.in_hand
)
select
  q.name,
  waiting.depth,
  waiting.oldest as oldest_age,
  (select count(*)::int from in_hand where in_hand.queue = q.name and not ahead) as running,
  (select count(*)::int from darkroom.workers w where w.status = 'running' and w.heartbeat_at > now() - 10 * interval '1 second' and w.paused_at is null and w.shutdown is null and q.name = any(w.queues)) as workers,
  d.name is not null as paused,
  d.paused_at,
  d.paused_by,
  d.reason,
  d.until,
  (
    select darkroom.percentile_of(darkroom.sum_hists(m.wait_hist), 0.95) from darkroom.minutes m
    where m.minute > now() - interval '15 minutes' and m.queue = q.name
  ) as pickup_p95,
  json_build_object(
    'created', (
      select count(*) from pgboss.job j
      where q.name <> 'media' and j.name = q.name and j.created_on > now() - interval '1 minute'
    ) + (
      select count(*) from darkroom.task_groups g join darkroom.tasks t using (state, task, queue)
      where q.name = 'media' and g.queue = 'media' and t.created_at > now() - interval '1 minute'
    ),
    'finished', (
      select count(*) from pgboss.job j
      where j.name = q.name and completed_on > now() - interval '1 minute' and state > 'active'
    )
  ) as per_minute
from pgboss.queue q
left join darkroom.paused_queues d on d.name = q.name
cross join lateral (
  select
    count(*)::int as depth,
    extract(epoch from now() - min(j.start_after))::float8 as oldest
  from pgboss.job j
  where j.name = q.name and j.state < 'active' and not j.blocked
) waiting
where q.name not in ('delayed', 'due') and q.name not like '\_\_pgboss\_\_%'
order by q.name;

-- src/queues/queries.ts: requestPauseSql
select darkroom.request_pause($1, $2, $3, $4);

-- src/queues/queries.ts: countWaitingSql
select count(*)::int as count from darkroom.task_groups g
join darkroom.tasks t on t.state = g.state and t.task = g.task and t.queue = g.queue
where g.queue = $1 and g.state in ('PENDING', 'RETRY');

-- src/queues/queries.ts: purgeQueueSql
with waiting as materialized (
  select j.name, j.id from darkroom.task_groups g
  join darkroom.tasks t on t.state = g.state and t.task = g.task and t.queue = g.queue
  join pgboss.job j on j.id = t.id and j.name in ($1, 'delayed') and j.state < 'active'
  where g.queue = $1 and g.state in ('PENDING', 'RETRY')
  limit $2
  for update of j skip locked
), job as (
  update pgboss.job j set name = $1, state = 'cancelled', completed_on = now()
  from waiting
  where j.name = waiting.name and j.id = waiting.id
  returning j.id
), task as (
  update darkroom.tasks t set
    state = 'REVOKED', finished_at = now(),
    error = '{"type": "purged", "message": "Its queue was purged before it ran"}'
  from job
  where t.id = job.id
  returning t.id, t.attempts, t.error
), event as (
  insert into darkroom.events (task_id, state, attempt, error) select id, 'REVOKED', attempts, error from task
)
select id from task;

-- src/runner/couriers.ts: anyWebhookSql
select exists (select from darkroom.webhooks) as any;

-- src/schedules/acts/remove.ts: removeOccurrencesSql
delete from darkroom.occurrences
where schedule_id = $1 and due_at in (
  select due_at from darkroom.occurrences where schedule_id = $1 order by due_at limit 10000
);

-- src/schedules/acts/run.ts: countRunsSql
update darkroom.schedules
set last_run_at = now(), last_task_id = $2, total_run_count = total_run_count + $3
where id = $1;

-- src/schedules/firing/alarms.ts: findUnarmedSql
select id, next_run_at, cron, timezone from darkroom.schedules
where enabled and (planned_at is null or armed_for is distinct from next_run_at)
  and planned_at is not null and next_run_at is not null
order by id limit 500 for update skip locked;

-- src/schedules/firing/alarms.ts: markArmedSql
update darkroom.schedules set armed_for = next_run_at where id = any($1::uuid[]);

-- src/schedules/firing/alarms.ts: forgetAlarmsSql
update darkroom.schedules set armed_for = null where enabled;

-- src/schedules/firing/alarms.ts: restoreDueQueueSql
select darkroom.restore_due_queue();

-- src/schedules/firing/alarms.ts: findStaleSql
select p.key from pgboss.schedule p
where p.name = 'due'
  and not exists (
    select from darkroom.schedules s
    where s.id = case when p.key ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then p.key::uuid end
      and s.enabled and s.cron is not null
  );

-- src/schedules/firing/alarms.ts: findUndeclaredSql
select s.id, s.cron, s.timezone from darkroom.schedules s
where s.enabled and s.cron is not null and s.next_run_at is not null and s.armed_for = s.next_run_at
  and not exists (select from pgboss.schedule p where p.name = 'due' and p.key = s.id::text);

-- src/schedules/firing/clock.ts: lookSql
select
  exists (select from darkroom.schedules where next_run_at <= now() and id <> all($1::uuid[])) as due,
  exists (select from darkroom.schedules where enabled and planned_at is null) as unplanned,
  exists (
    select from darkroom.schedules where enabled and (planned_at is null or armed_for is distinct from next_run_at)
  ) as unarmed,
  not exists (select from pgboss.queue where name = 'due') as silent,
  extract(epoch from now())::float8 as now,
  (
    select extract(epoch from start_after - now())::float8 from pgboss.job
    where name = 'due' and state < 'active' order by start_after limit 1
  ) as next;

-- src/schedules/firing/fire.ts: lockDueSql
select s.* from darkroom.schedules s
where next_run_at <= now() and id <> all($2::uuid[]) and ($3::uuid is null or id = $3)
order by next_run_at limit $1 for update skip locked;

-- src/schedules/firing/fire.ts: advanceSchedulesSql
update darkroom.schedules s
set
  next_run_at = new.next_run_at, armed_for = new.next_run_at, planned_at = now(), tzdata = $2,
  enabled = new.next_run_at is not null,
  disabled_at = case when new.next_run_at is null then now() end,
  last_run_at = case when new.made > 0 then now() else s.last_run_at end,
  last_task_id = coalesce(new.last_task_id, s.last_task_id),
  total_run_count = s.total_run_count + new.made,
  total_skipped = s.total_skipped + new.skipped
from jsonb_to_recordset($1::jsonb) as new (
  id uuid, next_run_at timestamptz, last_task_id uuid, made int, skipped int
)
where s.id = new.id;

-- src/schedules/firing/fire.ts: lockQueuesSql
select name from pgboss.queue for key share;

-- src/schedules/firing/fire.ts: lockOneDueSql
select * from darkroom.schedules where id = $1 and next_run_at <= now() for update;

-- src/schedules/firing/firing.ts: findDueSql
select id, name from darkroom.schedules where next_run_at <= now() and id <> all($1::uuid[])
order by next_run_at limit $2;

-- src/schedules/firing/plan.ts: findUnplannedSql
select s.* from darkroom.schedules s
where enabled and (planned_at is null or armed_for is distinct from next_run_at) and planned_at is null
order by id limit 200 for update skip locked;

-- src/schedules/firing/plan.ts: keepPlansSql
update darkroom.schedules s
set next_run_at = new.next_run_at, planned_at = now(), armed_for = null, tzdata = $2, refusal = new.refusal,
  enabled = new.next_run_at is not null,
  disabled_at = case when new.next_run_at is null then now() end
from jsonb_to_recordset($1::jsonb) as new (id uuid, next_run_at timestamptz, refusal text)
where s.id = new.id;

-- src/schedules/firing/plan.ts: replanSql
update darkroom.schedules set planned_at = null
where enabled and (planned_at > now() + interval '1 minute' or (cron is not null and tzdata < $1 and next_run_at > now()));

-- src/schedules/firing/plan.ts: replanOneSql
update darkroom.schedules set planned_at = null where id = $1;

-- src/schedules/occurrences/write.ts: insertOccurrencesSql
insert into darkroom.occurrences (schedule_id, due_at, outcome, reason, task_id, manual, until, count)
select schedule_id, due_at, outcome, reason, task_id, manual, until, count
from jsonb_to_recordset($1::jsonb) as new (
  schedule_id uuid, due_at timestamptz, outcome text, reason text, task_id uuid, manual boolean, until timestamptz,
  count int
)
on conflict (schedule_id, due_at) do nothing
returning schedule_id, due_at, task_id;

-- src/schedules/occurrences/write.ts: refireOccurrencesSql
insert into darkroom.occurrences as known (schedule_id, due_at, outcome, task_id, manual)
select schedule_id, due_at, 'fired', task_id, true
from jsonb_to_recordset($1::jsonb) as new (schedule_id uuid, due_at timestamptz, task_id uuid)
on conflict (schedule_id, due_at) do update
  set outcome = 'fired', reason = null, task_id = excluded.task_id, manual = true, until = null, count = 1,
    decided_at = excluded.decided_at
  where known.outcome <> 'fired'
returning schedule_id, due_at, task_id;

-- src/schedules/tasks/expire-occurrences.ts: removeOldOccurrencesSql
delete from darkroom.occurrences where (schedule_id, due_at) in (
  select schedule_id, due_at from darkroom.occurrences
  where decided_at < now() - $1::float8 * interval '1 second'
  order by decided_at limit 1000 for update skip locked
);

-- src/stats/fold.ts: foldSql
with noted as (
  delete from darkroom.uncounted
  where minute < now() - $1::float8 * interval '1 second'
    and (select pg_try_advisory_xact_lock(hashtext('darkroom'), hashtext('uncounted')))
  returning minute, task, queue, created, cancelled, succeeded, failed
), folded as (
  insert into darkroom.minutes as m (minute, task, queue, created, cancelled, succeeded, failed)
  select minute, task, queue, sum(created), sum(cancelled), sum(succeeded), sum(failed) from noted
  where minute > now() - interval '47 hours'
  group by minute, task, queue
  order by minute, task, queue
  on conflict (minute, task, queue) do update set
    created = m.created + excluded.created, cancelled = m.cancelled + excluded.cancelled,
    succeeded = m.succeeded + excluded.succeeded, failed = m.failed + excluded.failed
)
select
  task, queue, sum(created)::int as created, sum(cancelled)::int as cancelled, sum(succeeded)::int as succeeded,
  sum(failed)::int as failed
from noted group by task, queue;

-- src/stats/gauges.ts: readGaugesSql
with in_hand as materialized (
  select * from darkroom.in_hand
), runner as (
  select
    w.concurrency,
    case when w.status = 'running' and w.heartbeat_at < now() - 10 * interval '1 second' then 'lost' else w.status end as status,
    (select count(*)::int from in_hand where in_hand.worker = w.id and not inline and not ahead) as busy
  from darkroom.workers w
)
select
  (
    select coalesce(json_agg(json_build_object(
      'name', q.name, 'depth', waiting.depth, 'oldest', greatest(0, coalesce(waiting.oldest, 0)),
      'running', (select count(*) from in_hand where in_hand.queue = q.name and not ahead),
      'paused', exists (select from darkroom.paused_queues p where p.name = q.name)
    ) order by q.name), '[]')
    from pgboss.queue q
    cross join lateral (
  select
    count(*)::int as depth,
    extract(epoch from now() - min(j.start_after))::float8 as oldest
  from pgboss.job j
  where j.name = q.name and j.state < 'active' and not j.blocked
) waiting
    where q.name not in ('delayed', 'due') and q.name not like '\_\_pgboss\_\_%'
  ) as queues,
  (
    select json_build_object(
      'running', count(*) filter (where status = 'running'),
      'stopped', count(*) filter (where status = 'stopped'),
      'lost', count(*) filter (where status = 'lost')
    ) from runner
  ) as workers,
  (
    select json_build_object(
      'busy', coalesce(sum(least(busy, concurrency)), 0), 'free', coalesce(sum(greatest(0, concurrency - busy)), 0)
    ) from runner where status = 'running'
  ) as slots,
  (
    select greatest(0, coalesce(extract(epoch from now() - min(next_run_at)), 0))::float8
    from darkroom.schedules where next_run_at < now()
  ) as schedule_late,
  (
    select coalesce(json_agg(open), '[]') from (
      select code, severity, count(*)::int as count from darkroom.problems
      where closed_at is null and opened_at is not null group by code, severity
    ) open
  ) as problems;

-- src/stats/roll-up.ts: finishedHoursSql
with newest as (
  select max(hour) as hour from (
    (select hour from darkroom.hours order by hour desc limit 1)
    union all
    (select hour from darkroom.queue_hours order by hour desc limit 1)
  ) newest
), summed as (
  -- Beware: `least` passes over null.
  select case
    when hour is null then '-infinity'
    else least(hour, date_trunc('hour', now(), 'UTC') - interval '3 hours')
  end as until
  from newest
), oldest as (
  select least(
    (select minute from darkroom.minutes order by minute limit 1),
    (select minute from darkroom.queue_minutes order by minute limit 1)
  ) as minute
)
select hour, hour < kept as old
from oldest
cross join lateral generate_series(date_trunc('hour', minute, 'UTC'), now() - interval '65 minutes', '1 hour') hour
cross join lateral (select date_trunc('hour', now() - interval '48 hours', 'UTC') as kept) kept
where (hour >= (select until from summed) or hour < kept)
  and (
    exists (select from darkroom.minutes where minute >= hour and minute < hour + interval '1 hour')
    or exists (select from darkroom.queue_minutes where minute >= hour and minute < hour + interval '1 hour')
  )
order by hour;

-- src/stats/roll-up.ts: sumHourSql
insert into darkroom.hours
  (hour, task, queue, created, started, succeeded, failed, retried, cancelled, wait_hist, run_hist)
select
  $1::timestamptz, task, queue, sum(created), sum(started), sum(succeeded), sum(failed), sum(retried), sum(cancelled),
  darkroom.sum_hists(wait_hist), darkroom.sum_hists(run_hist)
from darkroom.minutes where minute >= $1 and minute < $1 + interval '1 hour'
group by task, queue
on conflict (hour, task, queue) do update set
  created = excluded.created, started = excluded.started, succeeded = excluded.succeeded, failed = excluded.failed,
  retried = excluded.retried, cancelled = excluded.cancelled, wait_hist = excluded.wait_hist,
  run_hist = excluded.run_hist;

-- src/stats/roll-up.ts: sumQueueHourSql
insert into darkroom.queue_hours (hour, queue, depth, oldest, running)
select $1::timestamptz, queue, max(depth), max(oldest), max(running)
from darkroom.queue_minutes where minute >= $1 and minute < $1 + interval '1 hour'
group by queue
on conflict (hour, queue) do update set
  depth = excluded.depth, oldest = excluded.oldest, running = excluded.running;

-- src/stats/roll-up.ts: removeMinutesSql
delete from darkroom.minutes where minute >= $1::timestamptz and minute < $1 + interval '1 hour';

-- src/stats/roll-up.ts: removeQueueMinutesSql
delete from darkroom.queue_minutes where minute >= $1::timestamptz and minute < $1 + interval '1 hour';

-- src/stats/roll-up.ts: removeOldHoursSql
delete from darkroom.hours where (hour, task, queue) in (
  select hour, task, queue from darkroom.hours
  where hour < now() - $1::float8 * interval '1 second'
  order by hour limit 1000 for update skip locked
);

-- src/stats/roll-up.ts: removeOldQueueHoursSql
delete from darkroom.queue_hours where (hour, queue) in (
  select hour, queue from darkroom.queue_hours
  where hour < now() - $1::float8 * interval '1 second'
  order by hour limit 1000 for update skip locked
);

-- src/stats/sample.ts: sampleSql
with turn as materialized (
  select from (values (1)) one
  where not exists (
    select from darkroom.queue_minutes
    where minute > now() - interval '5 minutes' and next_sample_at > now()
  ) and pg_try_advisory_xact_lock(hashtext('darkroom'), hashtext('sample'))
), in_hand as materialized (
  select * from darkroom.in_hand
)
insert into darkroom.queue_minutes as m (minute, queue, depth, oldest, running, next_sample_at)
select
  date_trunc('minute', now(), 'UTC'), q.name, waiting.depth, greatest(0, coalesce(waiting.oldest, 0)),
  (select count(*) from in_hand where in_hand.queue = q.name and not ahead),
  now() + greatest(interval '9.5 s', least(interval '60 s', 50 * (clock_timestamp() - now())))
from turn
cross join pgboss.queue q
cross join lateral (
  select
    count(*)::int as depth,
    extract(epoch from now() - min(j.start_after))::float8 as oldest
  from pgboss.job j
  where j.name = q.name and j.state < 'active' and not j.blocked
) waiting
where q.name not in ('delayed', 'due') and q.name not like '\_\_pgboss\_\_%'
order by q.name
on conflict (minute, queue) do update set
  depth = greatest(m.depth, excluded.depth),
  oldest = greatest(m.oldest, excluded.oldest),
  running = greatest(m.running, excluded.running),
  next_sample_at = excluded.next_sample_at;

-- src/stats/series.ts: seriesOfCountsSql
select
  (floor(extract(epoch from minute) / $3::int) * $3)::float8 as at, case $4::text when 'queue' then queue when 'task' then task else '' end as name, sum(created)::float8 as created, sum(succeeded)::float8 as succeeded,
  sum(failed)::float8 as failed, sum(retried)::float8 as retried, sum(cancelled)::float8 as cancelled
from (
  select hour as minute, task, queue, created, succeeded, failed, retried, cancelled from darkroom.hours
  where $5::boolean and hour >= $1::timestamptz and hour < $2::timestamptz and hour < case when $5 then coalesce((select max(hour) + interval '1 hour' from darkroom.hours), '-infinity') else '-infinity' end
    and task <> all($6::text[])
  union all
  select minute, task, queue, created, succeeded, failed, retried, cancelled from darkroom.minutes
  where minute >= $1 and minute < $2 and minute >= case when $5 then coalesce((select max(hour) + interval '1 hour' from darkroom.hours), '-infinity') else '-infinity' end and task <> all($6)
) row
group by 1, 2
limit 15001;

-- src/stats/series.ts: seriesOfPercentilesSql
select
  at, name, case when 'wait_p50' = any($7::text[]) then darkroom.percentile_of(wait_hist, 0.5) end as wait_p50, case when 'wait_p95' = any($7::text[]) then darkroom.percentile_of(wait_hist, 0.95) end as wait_p95,
  case when 'run_p50' = any($7::text[]) then darkroom.percentile_of(run_hist, 0.5) end as run_p50, case when 'run_p95' = any($7::text[]) then darkroom.percentile_of(run_hist, 0.95) end as run_p95
from (
  select
    (floor(extract(epoch from minute) / $3::int) * $3)::float8 as at, case $4::text when 'queue' then queue when 'task' then task else '' end as name,
    array[least(coalesce(sum(wait_hist[1]), 0), 2147483647), least(coalesce(sum(wait_hist[2]), 0), 2147483647), least(coalesce(sum(wait_hist[3]), 0), 2147483647), least(coalesce(sum(wait_hist[4]), 0), 2147483647), least(coalesce(sum(wait_hist[5]), 0), 2147483647), least(coalesce(sum(wait_hist[6]), 0), 2147483647), least(coalesce(sum(wait_hist[7]), 0), 2147483647), least(coalesce(sum(wait_hist[8]), 0), 2147483647), least(coalesce(sum(wait_hist[9]), 0), 2147483647), least(coalesce(sum(wait_hist[10]), 0), 2147483647), least(coalesce(sum(wait_hist[11]), 0), 2147483647), least(coalesce(sum(wait_hist[12]), 0), 2147483647), least(coalesce(sum(wait_hist[13]), 0), 2147483647), least(coalesce(sum(wait_hist[14]), 0), 2147483647), least(coalesce(sum(wait_hist[15]), 0), 2147483647), least(coalesce(sum(wait_hist[16]), 0), 2147483647), least(coalesce(sum(wait_hist[17]), 0), 2147483647), least(coalesce(sum(wait_hist[18]), 0), 2147483647), least(coalesce(sum(wait_hist[19]), 0), 2147483647), least(coalesce(sum(wait_hist[20]), 0), 2147483647), least(coalesce(sum(wait_hist[21]), 0), 2147483647)]::int[] as wait_hist,
    array[least(coalesce(sum(run_hist[1]), 0), 2147483647), least(coalesce(sum(run_hist[2]), 0), 2147483647), least(coalesce(sum(run_hist[3]), 0), 2147483647), least(coalesce(sum(run_hist[4]), 0), 2147483647), least(coalesce(sum(run_hist[5]), 0), 2147483647), least(coalesce(sum(run_hist[6]), 0), 2147483647), least(coalesce(sum(run_hist[7]), 0), 2147483647), least(coalesce(sum(run_hist[8]), 0), 2147483647), least(coalesce(sum(run_hist[9]), 0), 2147483647), least(coalesce(sum(run_hist[10]), 0), 2147483647), least(coalesce(sum(run_hist[11]), 0), 2147483647), least(coalesce(sum(run_hist[12]), 0), 2147483647), least(coalesce(sum(run_hist[13]), 0), 2147483647), least(coalesce(sum(run_hist[14]), 0), 2147483647), least(coalesce(sum(run_hist[15]), 0), 2147483647), least(coalesce(sum(run_hist[16]), 0), 2147483647), least(coalesce(sum(run_hist[17]), 0), 2147483647), least(coalesce(sum(run_hist[18]), 0), 2147483647), least(coalesce(sum(run_hist[19]), 0), 2147483647), least(coalesce(sum(run_hist[20]), 0), 2147483647), least(coalesce(sum(run_hist[21]), 0), 2147483647)]::int[] as run_hist
  from (
  select hour as minute, task, queue, wait_hist, run_hist from darkroom.hours
  where $5::boolean and hour >= $1::timestamptz and hour < $2::timestamptz and hour < case when $5 then coalesce((select max(hour) + interval '1 hour' from darkroom.hours), '-infinity') else '-infinity' end
    and task <> all($6::text[])
  union all
  select minute, task, queue, wait_hist, run_hist from darkroom.minutes
  where minute >= $1 and minute < $2 and minute >= case when $5 then coalesce((select max(hour) + interval '1 hour' from darkroom.hours), '-infinity') else '-infinity' end and task <> all($6)
  ) row
  group by 1, 2
  limit 15001
) bucket;

-- src/stats/series.ts: seriesOfDepthsSql
select (floor(extract(epoch from minute) / $3::int) * $3)::float8 as at, name, max(depth)::float8 as depth, max(oldest) as oldest
from (
  select minute, case $4::text when 'queue' then queue else '' end as name, sum(depth) as depth, max(oldest) as oldest
  from (
    select hour as minute, queue, depth, oldest from darkroom.queue_hours
    where $5::boolean and hour >= $1::timestamptz and hour < $2::timestamptz and hour < case when $5 then coalesce((select max(hour) + interval '1 hour' from darkroom.queue_hours), '-infinity') else '-infinity' end
    union all
    select minute, queue, depth, oldest from darkroom.queue_minutes
    where minute >= $1 and minute < $2 and minute >= case when $5 then coalesce((select max(hour) + interval '1 hour' from darkroom.queue_hours), '-infinity') else '-infinity' end
  ) row
  group by 1, 2
) together
group by 1, 2
limit 15001;

-- src/stats/write.ts: writeMinutesSql
with written as (
  insert into darkroom.minutes as m (minute, task, queue, started, succeeded, failed, retried, wait_hist, run_hist)
  select minute, task, queue, started, succeeded, failed, retried, wait_hist, run_hist
  from jsonb_to_recordset($1::jsonb) as cell (
    minute timestamptz, task text, queue text, started int, succeeded int, failed int, retried int,
    wait_hist int[], run_hist int[]
  )
  where minute > now() - interval '2 hours'
  order by minute, task, queue
  on conflict (minute, task, queue) do update set
    started = m.started + excluded.started,
    succeeded = m.succeeded + excluded.succeeded,
    failed = m.failed + excluded.failed,
    retried = m.retried + excluded.retried,
    wait_hist = darkroom.add_hists(m.wait_hist, excluded.wait_hist),
    run_hist = darkroom.add_hists(m.run_hist, excluded.run_hist)
)
select clock_timestamp() as now;

-- src/tasks/attempts/claim.ts: claimSql
with me as materialized (
  select kinds from darkroom.workers where id = $1 and status = 'running'
), next as materialized (
  select
    j.name, j.id, j.place, j.priority, j.created_on, j.state as was, t.task, t.max_retries,
    case when j.started_on is null or j.start_after > j.started_on then j.start_after end as due,
    case
      when t.id is null or t.state not in ('PENDING', 'RETRY') then 'stale'
      when t.expires_at <= now() and t.started_at is null then 'stale'
      when t.task = any((select kinds from me)::text[]) then 'ready'
      else 'unknown'
    end as verdict
  from (
    select * from unnest($2::text[], $3::int[]) as room (queue, slots)
    cross join lateral (
      select j.name, j.id, j.ctid as place, j.state, j.priority, j.created_on, j.started_on, j.start_after
      from pgboss.job j
      where j.name = room.queue and j.state < 'active' and not j.blocked and j.start_after <= now()
        and exists (select from me) and not exists (select from darkroom.paused_queues where name = room.queue)
        and true
      order by j.priority desc, j.created_on
      limit room.slots
      for update of j skip locked
    ) job
    order by priority desc, created_on
    limit $4
  ) j
  left join darkroom.tasks t on t.id = any(array[j.id])
), job as (
  update pgboss.job j set
    state = case next.verdict when 'stale' then 'cancelled' else 'active' end::pgboss.job_state,
    started_on = case next.verdict when 'stale' then j.started_on else now() end,
    completed_on = case next.verdict when 'stale' then now() end,
    retry_count = j.retry_count + case when j.started_on is null then 0 else 1 end
  from next
  where j.ctid = next.place and j.name = next.name and j.id = next.id and next.verdict <> 'unknown'
  returning
    j.id, j.name, j.retry_count, j.ctid as place, next.verdict = 'stale' as stale, next.was, next.priority, next.created_on,
    next.due
), task as (
  update darkroom.tasks t set
    queue = job.name,
    state = case when job.stale then 'REVOKED' else 'STARTED' end,
    attempts = case when job.stale then t.attempts else job.retry_count + 1 end,
    worker = case when job.stale then null else $1::uuid end,
    started_at = case when job.stale then t.started_at else now() end,
    finished_at = case when job.stale then now() end,
    error = case when job.stale then '{"type": "expired", "message": "It did not start in time"}'::jsonb else t.error end,
    progress = null,
    progress_detail = null
  from job
  where t.id = any(array[job.id]) and (t.state in ('PENDING', 'RETRY')) is true
  returning
    t.id, t.queue, t.task, t.args, t.attempts as attempt, t.failures, t.crashes, t.outages, t.max_retries,
    t.retry_delay, t.retry_backoff, t.retry_backoff_max, t.retry_jitter, t.time_limit, t.soft_time_limit, t.request_id,
    t.traceparent, t.state, t.error, job.was, job.place, job.priority, job.created_on, job.due
), event as (
  insert into darkroom.events (task_id, state, attempt, error)
  select id, state, attempt, case when state = 'REVOKED' then error end from task
), hasty as materialized (
  select set_config('synchronous_commit', 'off', true) as is_hasty
  from (select bool_or(task = any($5::text[]) or max_retries = 0) as has_to_wait from next) any_of_them
  where has_to_wait is not true
)
-- At least one row, which may be of no task. In the order in which bodies are to begin: an UPDATE does not keep it.
select
  unknown, id, queue, task, args, attempt, failures, crashes, outages, max_retries, retry_delay, retry_backoff,
  retry_backoff_max, retry_jitter, time_limit, soft_time_limit, request_id, traceparent, state, was, place,
  is_hasty,
  (extract(epoch from clock_timestamp() - due) * 1000)::float8 as waited
from (select array_agg(distinct task) filter (where verdict = 'unknown') as unknown from next) left_alone
left join hasty on true
left join task on true
order by priority desc, created_on, id;

-- src/tasks/attempts/claim.ts: claimOverKindsSql
with me as materialized (
  select kinds from darkroom.workers where id = $1 and status = 'running'
), next as materialized (
  select
    j.name, j.id, j.place, j.priority, j.created_on, j.state as was, t.task, t.max_retries,
    case when j.started_on is null or j.start_after > j.started_on then j.start_after end as due,
    case
      when t.id is null or t.state not in ('PENDING', 'RETRY') then 'stale'
      when t.expires_at <= now() and t.started_at is null then 'stale'
      when t.task = any((select kinds from me)::text[]) then 'ready'
      else 'unknown'
    end as verdict
  from (
    select * from unnest($2::text[], $3::int[]) as room (queue, slots)
    cross join lateral (
      select j.name, j.id, j.ctid as place, j.state, j.priority, j.created_on, j.started_on, j.start_after
      from pgboss.job j
      where j.name = room.queue and j.state < 'active' and not j.blocked and j.start_after <= now()
        and exists (select from me) and not exists (select from darkroom.paused_queues where name = room.queue)
        and (j.data->>'task' <> all($6::text[])) is not false
      order by j.priority desc, j.created_on
      limit room.slots
      for update of j skip locked
    ) job
    order by priority desc, created_on
    limit $4
  ) j
  left join darkroom.tasks t on t.id = any(array[j.id])
), job as (
  update pgboss.job j set
    state = case next.verdict when 'stale' then 'cancelled' else 'active' end::pgboss.job_state,
    started_on = case next.verdict when 'stale' then j.started_on else now() end,
    completed_on = case next.verdict when 'stale' then now() end,
    retry_count = j.retry_count + case when j.started_on is null then 0 else 1 end
  from next
  where j.ctid = next.place and j.name = next.name and j.id = next.id and next.verdict <> 'unknown'
  returning
    j.id, j.name, j.retry_count, j.ctid as place, next.verdict = 'stale' as stale, next.was, next.priority, next.created_on,
    next.due
), task as (
  update darkroom.tasks t set
    queue = job.name,
    state = case when job.stale then 'REVOKED' else 'STARTED' end,
    attempts = case when job.stale then t.attempts else job.retry_count + 1 end,
    worker = case when job.stale then null else $1::uuid end,
    started_at = case when job.stale then t.started_at else now() end,
    finished_at = case when job.stale then now() end,
    error = case when job.stale then '{"type": "expired", "message": "It did not start in time"}'::jsonb else t.error end,
    progress = null,
    progress_detail = null
  from job
  where t.id = any(array[job.id]) and (t.state in ('PENDING', 'RETRY')) is true
  returning
    t.id, t.queue, t.task, t.args, t.attempts as attempt, t.failures, t.crashes, t.outages, t.max_retries,
    t.retry_delay, t.retry_backoff, t.retry_backoff_max, t.retry_jitter, t.time_limit, t.soft_time_limit, t.request_id,
    t.traceparent, t.state, t.error, job.was, job.place, job.priority, job.created_on, job.due
), event as (
  insert into darkroom.events (task_id, state, attempt, error)
  select id, state, attempt, case when state = 'REVOKED' then error end from task
), hasty as materialized (
  select set_config('synchronous_commit', 'off', true) as is_hasty
  from (select bool_or(task = any($5::text[]) or max_retries = 0) as has_to_wait from next) any_of_them
  where has_to_wait is not true
)
-- At least one row, which may be of no task. In the order in which bodies are to begin: an UPDATE does not keep it.
select
  unknown, id, queue, task, args, attempt, failures, crashes, outages, max_retries, retry_delay, retry_backoff,
  retry_backoff_max, retry_jitter, time_limit, soft_time_limit, request_id, traceparent, state, was, place,
  is_hasty,
  (extract(epoch from clock_timestamp() - due) * 1000)::float8 as waited
from (select array_agg(distinct task) filter (where verdict = 'unknown') as unknown from next) left_alone
left join hasty on true
left join task on true
order by priority desc, created_on, id;

-- src/tasks/attempts/claim.ts: claimOverLockedSql
with me as materialized (
  select kinds from darkroom.workers where id = $1 and status = 'running'
), next as materialized (
  select
    j.name, j.id, j.place, j.priority, j.created_on, j.state as was, t.task, t.max_retries,
    case when j.started_on is null or j.start_after > j.started_on then j.start_after end as due,
    case
      when t.id is null or t.state not in ('PENDING', 'RETRY') then 'stale'
      when t.expires_at <= now() and t.started_at is null then 'stale'
      when t.task = any((select kinds from me)::text[]) then 'ready'
      else 'unknown'
    end as verdict
  from (
    select * from unnest($2::text[], $3::int[]) as room (queue, slots)
    cross join lateral (
      select j.name, j.id, j.ctid as place, j.state, j.priority, j.created_on, j.started_on, j.start_after
      from pgboss.job j join darkroom.tasks task on task.id = any(array[j.id])
      where j.name = room.queue and j.state < 'active' and not j.blocked and j.start_after <= now()
        and exists (select from me) and not exists (select from darkroom.paused_queues where name = room.queue)
        and task.task <> all($6::text[])
      order by j.priority desc, j.created_on
      limit room.slots
      for update of j, task skip locked
    ) job
    order by priority desc, created_on
    limit $4
  ) j
  left join darkroom.tasks t on t.id = any(array[j.id])
), job as (
  update pgboss.job j set
    state = case next.verdict when 'stale' then 'cancelled' else 'active' end::pgboss.job_state,
    started_on = case next.verdict when 'stale' then j.started_on else now() end,
    completed_on = case next.verdict when 'stale' then now() end,
    retry_count = j.retry_count + case when j.started_on is null then 0 else 1 end
  from next
  where j.ctid = next.place and j.name = next.name and j.id = next.id and next.verdict <> 'unknown'
  returning
    j.id, j.name, j.retry_count, j.ctid as place, next.verdict = 'stale' as stale, next.was, next.priority, next.created_on,
    next.due
), task as (
  update darkroom.tasks t set
    queue = job.name,
    state = case when job.stale then 'REVOKED' else 'STARTED' end,
    attempts = case when job.stale then t.attempts else job.retry_count + 1 end,
    worker = case when job.stale then null else $1::uuid end,
    started_at = case when job.stale then t.started_at else now() end,
    finished_at = case when job.stale then now() end,
    error = case when job.stale then '{"type": "expired", "message": "It did not start in time"}'::jsonb else t.error end,
    progress = null,
    progress_detail = null
  from job
  where t.id = any(array[job.id]) and (t.state in ('PENDING', 'RETRY')) is true
  returning
    t.id, t.queue, t.task, t.args, t.attempts as attempt, t.failures, t.crashes, t.outages, t.max_retries,
    t.retry_delay, t.retry_backoff, t.retry_backoff_max, t.retry_jitter, t.time_limit, t.soft_time_limit, t.request_id,
    t.traceparent, t.state, t.error, job.was, job.place, job.priority, job.created_on, job.due
), event as (
  insert into darkroom.events (task_id, state, attempt, error)
  select id, state, attempt, case when state = 'REVOKED' then error end from task
), hasty as materialized (
  select set_config('synchronous_commit', 'off', true) as is_hasty
  from (select bool_or(task = any($5::text[]) or max_retries = 0) as has_to_wait from next) any_of_them
  where has_to_wait is not true
)
-- At least one row, which may be of no task. In the order in which bodies are to begin: an UPDATE does not keep it.
select
  unknown, id, queue, task, args, attempt, failures, crashes, outages, max_retries, retry_delay, retry_backoff,
  retry_backoff_max, retry_jitter, time_limit, soft_time_limit, request_id, traceparent, state, was, place,
  is_hasty,
  (extract(epoch from clock_timestamp() - due) * 1000)::float8 as waited
from (select array_agg(distinct task) filter (where verdict = 'unknown') as unknown from next) left_alone
left join hasty on true
left join task on true
order by priority desc, created_on, id;

-- src/tasks/attempts/claim.ts: claimOfKindsSql
with me as materialized (
  select kinds from darkroom.workers where id = $1 and status = 'running'
), next as materialized (
  select
    j.name, j.id, j.place, j.priority, j.created_on, j.state as was, t.task, t.max_retries,
    case when j.started_on is null or j.start_after > j.started_on then j.start_after end as due,
    case
      when t.id is null or t.state not in ('PENDING', 'RETRY') then 'stale'
      when t.expires_at <= now() and t.started_at is null then 'stale'
      when t.task = any((select kinds from me)::text[]) then 'ready'
      else 'unknown'
    end as verdict
  from (
    select * from unnest($2::text[], $3::int[]) as room (queue, slots)
    cross join lateral (
      select j.name, j.id, j.ctid as place, j.state, j.priority, j.created_on, j.started_on, j.start_after
      from lateral (
        select t.id from darkroom.tasks t
        where t.state in ('PENDING', 'RETRY') and t.task = any($6::text[]) and t.queue = room.queue
        offset 0
      ) waiting
      cross join lateral (
        select ctid, * from pgboss.job job where job.name = room.queue and job.id = waiting.id offset 0
      ) j
      where j.name = room.queue and j.state < 'active' and not j.blocked and j.start_after <= now()
        and exists (select from me) and not exists (select from darkroom.paused_queues where name = room.queue)
        and true
      order by j.priority desc, j.created_on
      limit room.slots
      for update of j skip locked
    ) job
    order by priority desc, created_on
    limit $4
  ) j
  left join darkroom.tasks t on t.id = any(array[j.id])
), job as (
  update pgboss.job j set
    state = case next.verdict when 'stale' then 'cancelled' else 'active' end::pgboss.job_state,
    started_on = case next.verdict when 'stale' then j.started_on else now() end,
    completed_on = case next.verdict when 'stale' then now() end,
    retry_count = j.retry_count + case when j.started_on is null then 0 else 1 end
  from next
  where j.ctid = next.place and j.name = next.name and j.id = next.id and next.verdict <> 'unknown'
  returning
    j.id, j.name, j.retry_count, j.ctid as place, next.verdict = 'stale' as stale, next.was, next.priority, next.created_on,
    next.due
), task as (
  update darkroom.tasks t set
    queue = job.name,
    state = case when job.stale then 'REVOKED' else 'STARTED' end,
    attempts = case when job.stale then t.attempts else job.retry_count + 1 end,
    worker = case when job.stale then null else $1::uuid end,
    started_at = case when job.stale then t.started_at else now() end,
    finished_at = case when job.stale then now() end,
    error = case when job.stale then '{"type": "expired", "message": "It did not start in time"}'::jsonb else t.error end,
    progress = null,
    progress_detail = null
  from job
  where t.id = any(array[job.id]) and (t.state in ('PENDING', 'RETRY')) is true
  returning
    t.id, t.queue, t.task, t.args, t.attempts as attempt, t.failures, t.crashes, t.outages, t.max_retries,
    t.retry_delay, t.retry_backoff, t.retry_backoff_max, t.retry_jitter, t.time_limit, t.soft_time_limit, t.request_id,
    t.traceparent, t.state, t.error, job.was, job.place, job.priority, job.created_on, job.due
), event as (
  insert into darkroom.events (task_id, state, attempt, error)
  select id, state, attempt, case when state = 'REVOKED' then error end from task
), hasty as materialized (
  select set_config('synchronous_commit', 'off', true) as is_hasty
  from (select bool_or(task = any($5::text[]) or max_retries = 0) as has_to_wait from next) any_of_them
  where has_to_wait is not true
)
-- At least one row, which may be of no task. In the order in which bodies are to begin: an UPDATE does not keep it.
select
  unknown, id, queue, task, args, attempt, failures, crashes, outages, max_retries, retry_delay, retry_backoff,
  retry_backoff_max, retry_jitter, time_limit, soft_time_limit, request_id, traceparent, state, was, place,
  is_hasty,
  (extract(epoch from clock_timestamp() - due) * 1000)::float8 as waited
from (select array_agg(distinct task) filter (where verdict = 'unknown') as unknown from next) left_alone
left join hasty on true
left join task on true
order by priority desc, created_on, id;

-- src/tasks/attempts/held.ts: findStoppedSql
select
  held.id,
  case when t.attempts < held.attempt then 'forgotten' when ((t.worker = held.worker and t.attempts = held.attempt) is not true) then 'lost' else 'cancelled' end as reason
from unnest($1::uuid[], $2::int[], $3::uuid[]) as held (id, attempt, worker)
left join darkroom.tasks t on t.id = any(array[held.id])
where ((t.worker = held.worker and t.attempts = held.attempt) is not true) or t.cancel_requested_at is not null;

-- src/tasks/attempts/list.ts: listAttemptsSql
select a.number, a.worker, a.started_at, a.finished_at, a.outcome, a.error, a.exit_code, a.signal, a.peak_memory,
  coalesce(a.stderr, l.tail) as stderr
from darkroom.tasks t
left join lateral (
  select number, worker, started_at, finished_at, outcome, error, exit_code, signal, peak_memory, stderr
  from darkroom.attempts where task_id = t.id
  union all
  select t.attempts, t.worker, t.started_at, null, null, null, null, null, null, null where t.state = 'STARTED'
) a on true
left join darkroom.attempt_logs l on l.task_id = t.id and l.attempt = a.number
where t.id = $1
order by a.number;

-- src/tasks/attempts/lock.ts: lockAttemptsInPlaceSql
select j.id, j.ctid as place
from jsonb_to_recordset($1::jsonb) as ending (id uuid, queue text, attempt int, place tid), pgboss.job j
where j.ctid = ending.place and j.name = ending.queue and j.id = ending.id
  and (j.state = 'active') is true and j.retry_count = ending.attempt - 1 and ending.attempt between 1 and 2147483647
order by j.id
for update of j;

-- src/tasks/attempts/lock.ts: lockAttemptsSql
select j.id, j.ctid as place
from jsonb_to_recordset($1::jsonb) as ending (id uuid, queue text, attempt int, place tid), pgboss.job j
where j.name = ending.queue and j.id = ending.id
  and (j.state = 'active') is true and j.retry_count = ending.attempt - 1 and ending.attempt between 1 and 2147483647
order by j.id
for update of j;

-- src/tasks/attempts/locked.ts: findLockedSql
with attempt as materialized (
  select * from jsonb_to_recordset($1::jsonb) as attempt (id uuid, queue text)
), job as materialized (
  select j.id from attempt join pgboss.job j on j.name = attempt.queue and j.id = attempt.id for update of j skip locked
), task as materialized (
  select t.id from attempt join darkroom.tasks t on t.id = any(array[attempt.id]) for update of t skip locked
)
select id from attempt
where id not in (select id from job) and exists (
  select from pgboss.job j where j.name = attempt.queue and j.id = attempt.id
) or id not in (select id from task) and exists (
  select from darkroom.tasks t where t.id = any(array[attempt.id])
);

-- src/tasks/attempts/report.ts: reportProgressSql
update darkroom.tasks t set progress = greatest(t.progress, report.progress), progress_detail = report.detail
from jsonb_to_recordset($1::jsonb) as report (id uuid, attempt int, worker uuid, progress real, detail jsonb)
where t.id = report.id and t.attempts = report.attempt and t.worker = report.worker and t.state = 'STARTED'
returning t.id;

-- src/tasks/attempts/unclaim.ts: unclaimSql
with back as (
  select back.*,
    case
      when t.cancel_requested_at is not null then 'REVOKED'
      when back.was = 'created' then 'PENDING'
      else 'RETRY'
    end as final
  from jsonb_to_recordset($1::jsonb) as back (id uuid, queue text, place tid, attempt int, worker uuid, was text)
  join darkroom.tasks t on t.id = any(array[back.id]) and t.worker = back.worker
), job as (
  update pgboss.job j set
    state = case final when 'REVOKED' then 'cancelled' else back.was end::pgboss.job_state,
    started_on = case when back.attempt = 1 then null else j.started_on end,
    completed_on = case final when 'REVOKED' then now() end,
    retry_count = greatest(back.attempt - 2, 0)
  from back
  where j.ctid = back.place and j.name = back.queue and j.id = back.id
  returning back.*
), task as (
  update darkroom.tasks t set
    state = final,
    attempts = job.attempt - 1,
    worker = null,
    started_at = case when job.was = 'retry' then (
      select a.started_at from darkroom.attempts a where a.task_id = job.id and a.number = job.attempt - 1
    ) end,
    finished_at = case final when 'REVOKED' then now() end,
    error = case
      when final <> 'REVOKED' then t.error
      when job.attempt = 1 then '{"type": "cancelled", "message": "It was cancelled before it ran"}'::jsonb
      else '{"type": "cancelled", "message": "It was cancelled while it waited for its next attempt"}'::jsonb
    end
  from job
  where t.id = any(array[job.id])
  returning t.id, t.queue, t.state, t.attempts, t.error, t.started_at, t.expires_at
), deadline as (
  insert into darkroom.deadlines (expires_at, task_id)
  select expires_at, id from task where state = 'PENDING' and expires_at is not null
  on conflict do nothing
), event as (
  insert into darkroom.events (task_id, state, attempt, error)
  select id, state, attempts, case when state = 'REVOKED' then error end from task
)
select id, queue from task;

-- src/tasks/builtin/expire-keys.ts: removeKeysSql
delete from darkroom.idempotency_keys where (key_id, key) in (
  select key_id, key from darkroom.idempotency_keys where created_at < now() - interval '1 day'
  order by created_at limit 1000 for update skip locked
);

-- src/tasks/builtin/expire-results.ts: removeResultsSql
with done as (
  select name, id, (completed_on at time zone 'UTC') + deletion_seconds * interval '1 second' as due from pgboss.job
  where name = $1 and state >= 'completed' and (completed_on at time zone 'UTC') + deletion_seconds * interval '1 second' >= $2::timestamp and (completed_on at time zone 'UTC') + deletion_seconds * interval '1 second' <= now() at time zone 'UTC'
  order by (completed_on at time zone 'UTC') + deletion_seconds * interval '1 second' limit 1000 for update skip locked
), gone as (
  delete from pgboss.job j using done where j.name = done.name and j.id = done.id
)
select count(*)::int as count, max(due)::text as last from done;

-- src/tasks/builtin/expire-results.ts: listFinishedGroupsSql
select state, task, queue from darkroom.task_groups where state in ('SUCCESS', 'FAILURE', 'REVOKED');

-- src/tasks/builtin/expire-results.ts: findOldSql
select id, to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.USOF') as place from darkroom.tasks
where state = $1 and task = $2 and queue = $3 and (created_at, id) > ($5::timestamptz, $6::uuid)
  and created_at < now() - $4::float8 * interval '1 second' and finished_at < now() - $4::float8 * interval '1 second'
order by created_at, id limit 1000;

-- src/tasks/builtin/expire-results.ts: forgetOldJobsSql
delete from pgboss.job where name = $1 and id = any($2::uuid[]) and state >= 'completed';

-- src/tasks/counts/tally-sql.ts: countGroupsSql
with asked as materialized (
  select state, task, queue from darkroom.task_groups
  where ($1::text[] is null or state = any($1)) and ($2::text[] is null or task = any($2)) and task <> all($3::text[])
    and ($4::text[] is null or queue = any($4)) and queue <> all($5::text[])
), share as materialized (
  select (100000 / greatest(count(*), 1))::int as most from asked
)
select asked.*, counted.count, counted.count = (select most from share) as more
from asked
cross join lateral (
  select count(*)::int as count from (
    select from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and t.created_at < $6::timestamptz and t.created_at > $7::timestamptz
    limit (select most from share)
  ) counting
) counted;

-- src/tasks/counts/tally-sql.ts: countLargeGroupsSql
select large.state, large.task, large.queue, counted.count, counted.count = large.most as more,
  case when counted.count = large.most then darkroom.estimate_tasks(
    large.state, large.task, large.queue, $5::timestamptz, $6::timestamptz
  ) end as estimate
from unnest($1::text[], $2::text[], $3::text[], $4::int[]) large (state, task, queue, most)
cross join lateral (
  select count(*)::int as count from (
    select from darkroom.tasks t
    where t.state = large.state and t.task = large.task and t.queue = large.queue
      and t.created_at < $5::timestamptz and t.created_at > $6::timestamptz
    limit large.most
  ) counting
) counted;

-- src/tasks/counts/tally-sql.ts: estimateStatesSql
select state, darkroom.estimate_tasks(state, null, null, $2::timestamptz, $3::timestamptz) as count
from unnest($1::text[]) asked (state);

-- src/tasks/counts/tally-sql.ts: countScheduledSql
with scheduled as materialized (
  select t.task, t.queue, t.created_at from darkroom.tasks t
  where t.state = 'PENDING' and t.eta is not null and t.eta > now()
  order by t.eta limit $3::int
)
select task, queue, count(*)::int as count,
  case when (select count(*) from scheduled) = $3 then
    darkroom.estimate_tasks('PENDING', null, null, $1::timestamptz, $2::timestamptz, true)
  end as estimate
from scheduled
where created_at < $1 and created_at > $2
group by task, queue;

-- src/tasks/counts/tally-sql.ts: tallySql
with asked as materialized (
  select state, task, queue from darkroom.task_groups
  where ($1::text[] is null or state = any($1)) and ($2::text[] is null or task = any($2)) and task <> all($3::text[])
    and ($4::text[] is null or queue = any($4)) and queue <> all($5::text[])
), start as materialized (
  select
    least($6::timestamptz, $8::timestamptz) as at,
    case when $8 <= $6 then '00000000-0000-0000-0000-000000000000' else $7::uuid end as id
), stop as materialized (
  select t.created_at, t.id from asked
  cross join lateral (
    select t.created_at, t.id from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start))
      and t.created_at > $9::timestamptz
    order by t.created_at desc, t.id desc
    offset (select $10::int / greatest(count(*), 1) from asked) limit 1
  ) t
  order by t.created_at desc, t.id desc
  limit 1
), found as (
  select asked.*, t.* from asked
  cross join lateral (
    select width_bucket(extract(epoch from t.created_at)::float8, $11::float8, $12::float8, $13::int) as bucket, false as scheduled, count(*) as count
    from darkroom.tasks t
    where asked.state <> 'PENDING' and 
      t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start)) and t.created_at > $9
      and t.created_at >= coalesce((select created_at from stop), '-infinity')
      and (
        t.created_at > coalesce((select created_at from stop), '-infinity')
        or t.id >= (select id from stop)
      )
    group by 1
    union all
    select width_bucket(extract(epoch from t.created_at)::float8, $11::float8, $12::float8, $13::int) as bucket, coalesce(t.eta > now(), false) as scheduled, count(*) as count
    from darkroom.tasks t
    where asked.state = 'PENDING' and 
      t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start)) and t.created_at > $9
      and t.created_at >= coalesce((select created_at from stop), '-infinity')
      and (
        t.created_at > coalesce((select created_at from stop), '-infinity')
        or t.id >= (select id from stop)
      )
    group by 1, 2
  ) t
)
select 
  (
    select coalesce(json_agg(counted), '[]') from (
      select state, task, queue, scheduled, bucket, sum(count)::int as count from found group by 1, 2, 3, 4, 5
    ) counted
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from stop
  ) as stop;

-- src/tasks/counts/tally-sql.ts: tallySearchSql
with asked as materialized (
  select state, task, queue from darkroom.task_groups
  where ($1::text[] is null or state = any($1)) and ($2::text[] is null or task = any($2)) and task <> all($3::text[])
    and ($4::text[] is null or queue = any($4)) and queue <> all($5::text[])
), start as materialized (
  select
    least($6::timestamptz, $8::timestamptz) as at,
    case when $8 <= $6 then '00000000-0000-0000-0000-000000000000' else $7::uuid end as id
), stop as materialized (
  select t.created_at, t.id from asked
  cross join lateral (
    select t.created_at, t.id from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start))
      and t.created_at > $9::timestamptz
    order by t.created_at desc, t.id desc
    offset (select $27::int / greatest(count(*), 1) from asked) limit 1
  ) t
  order by t.created_at desc, t.id desc
  limit 1
), found as (
  select asked.*, t.* from asked
  cross join lateral (
    select coalesce($10::int, width_bucket(extract(epoch from t.created_at)::float8, $28::float8, $29::float8, $30::int)) as bucket,
      asked.state = 'PENDING' and coalesce(t.eta > now(), false) as scheduled, count(*) as count
    from darkroom.tasks t
    where 
      t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start)) and t.created_at > $9
      and t.created_at >= coalesce((select created_at from stop), '-infinity')
      and (
        t.created_at > coalesce((select created_at from stop), '-infinity')
        or t.id >= (select id from stop)
      )
      and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)
    group by 1, 2
  ) t
)
select 
  (
    select coalesce(json_agg(counted), '[]') from (
      select state, task, queue, scheduled, bucket, sum(count)::int as count from found group by 1, 2, 3, 4, 5
    ) counted
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from stop
  ) as stop;

-- src/tasks/endings/complete.ts: completeInPlaceSql
with ending as (
  select * from jsonb_to_recordset($1::jsonb) as ending (
    id uuid, queue text, place tid, attempt int, worker uuid, started_at timestamptz, peak_memory bigint, stderr text,
    progress real, detail jsonb, result jsonb
  )
), job as (
  update pgboss.job j set state = 'completed', completed_on = now(), output = ending.result
  from ending
  where j.ctid = ending.place and j.name = ending.queue and j.id = ending.id
    and (j.state = 'active') is true and j.retry_count = ending.attempt - 1 and ending.attempt between 1 and 2147483647
    and exists (select from darkroom.tasks t where t.id = any(array[ending.id]) and t.worker = ending.worker)
  returning
    ending.id, ending.attempt, ending.worker, ending.started_at, ending.peak_memory, ending.stderr, ending.progress,
    ending.detail
), task as (
  update darkroom.tasks t set
    state = 'SUCCESS', finished_at = now(), progress = 1, error = null,
    progress_detail = case when job.progress is null then t.progress_detail else job.detail end,
    started_at = least(now(), greatest(t.created_at, t.started_at, job.started_at))
  from job
  where t.id = any(array[job.id])
  returning t.id, t.task, t.queue, t.state, t.started_at, job.attempt, job.worker, job.peak_memory, job.stderr
), attempt as (
  insert into darkroom.attempts (task_id, number, worker, started_at, outcome, peak_memory, stderr)
  select id, attempt, worker, started_at, 'success', peak_memory, stderr from task
), event as (
  insert into darkroom.events (task_id, state, attempt)
  select id, 'SUCCESS', attempt from task
)
select id, task, queue, state from task;

-- src/tasks/endings/complete.ts: completeSql
with ending as (
  select * from jsonb_to_recordset($1::jsonb) as ending (
    id uuid, queue text, place tid, attempt int, worker uuid, started_at timestamptz, peak_memory bigint, stderr text,
    progress real, detail jsonb, result jsonb
  )
), job as (
  update pgboss.job j set state = 'completed', completed_on = now(), output = ending.result
  from ending
  where j.name = ending.queue and j.id = ending.id
    and (j.state = 'active') is true and j.retry_count = ending.attempt - 1 and ending.attempt between 1 and 2147483647
    and exists (select from darkroom.tasks t where t.id = any(array[ending.id]) and t.worker = ending.worker)
  returning
    ending.id, ending.attempt, ending.worker, ending.started_at, ending.peak_memory, ending.stderr, ending.progress,
    ending.detail
), task as (
  update darkroom.tasks t set
    state = 'SUCCESS', finished_at = now(), progress = 1, error = null,
    progress_detail = case when job.progress is null then t.progress_detail else job.detail end,
    started_at = least(now(), greatest(t.created_at, t.started_at, job.started_at))
  from job
  where t.id = any(array[job.id])
  returning t.id, t.task, t.queue, t.state, t.started_at, job.attempt, job.worker, job.peak_memory, job.stderr
), attempt as (
  insert into darkroom.attempts (task_id, number, worker, started_at, outcome, peak_memory, stderr)
  select id, attempt, worker, started_at, 'success', peak_memory, stderr from task
), event as (
  insert into darkroom.events (task_id, state, attempt)
  select id, 'SUCCESS', attempt from task
)
select id, task, queue, state from task;

-- src/tasks/endings/hand-over.ts: handOverSql
update darkroom.tasks t set worker = null, started_at = least(now(), greatest(t.created_at, t.started_at, $3::timestamptz))
where t.id = any(array[$1::uuid]) and (t.worker = $2::uuid or t.worker is null) and t.attempts = $4
  and (t.state = 'STARTED') is true
returning t.id, t.task, t.queue, t.state;

-- src/tasks/endings/recover.ts: findOrphansSql
select
  t.id, j.name as queue, j.ctid as place, t.attempts as attempt, t.worker, t.started_at, t.crashes,
  coalesce(w.concurrency, 1) as children,
  row_number() over (partition by t.worker order by t.started_at, j.priority desc, j.created_on, j.id)::int as turn
from pgboss.queue q
join pgboss.job j on j.name = q.name and j.state = 'active'
join darkroom.tasks t on t.id = j.id
left join darkroom.workers w on w.id = t.worker
where w.status is distinct from 'running' and t.worker is not null
order by turn;

-- src/tasks/endings/recover.ts: findUnknownSql
select t.id, j.name as queue, j.ctid as place, t.attempts as attempt, t.worker, t.started_at
from pgboss.queue q
join pgboss.job j on j.name = q.name and j.state = 'active'
join darkroom.tasks t on t.id = j.id
where t.worker = $1 and t.id <> all($2::uuid[]);

-- src/tasks/endings/settle.ts: settleSql
with ending as (
  select e.*,
    case when e.state = 'RETRY' and t.cancel_requested_at is not null then 'REVOKED' else e.state end as final
  from jsonb_to_recordset($1::jsonb) as e (
    id uuid, queue text, place tid, attempt int, worker uuid, started_at timestamptz, outcome text, error jsonb,
    state text, delay float8, progress real, detail jsonb, exit_code int, signal text, peak_memory bigint, stderr text,
    stack text, is_outage boolean
  )
  join darkroom.tasks t on t.id = any(array[e.id]) and t.worker is not distinct from e.worker
), job as (
  update pgboss.job j set
    name = case when final = 'RETRY' and delay > 0 then 'delayed' else j.name end,
    state = case final when 'RETRY' then 'retry' when 'FAILURE' then 'failed' else 'cancelled' end::pgboss.job_state,
    start_after = case when final = 'RETRY' then now() + delay * interval '1 second' else j.start_after end,
    completed_on = case when final <> 'RETRY' then now() end,
    output = ending.error
  from ending
  where j.ctid = ending.place and j.name = ending.queue and j.id = ending.id
  returning ending.*
), task as (
  update darkroom.tasks t set
    state = final,
    error = job.error,
    progress = greatest(t.progress, job.progress),
    progress_detail = case when job.progress is null then t.progress_detail else job.detail end,
    failures = t.failures + case when outcome in ('crashed', 'shutdown', 'cancelled') or is_outage then 0 else 1 end,
    crashes = t.crashes + case when outcome = 'crashed' then 1 else 0 end,
    outages = t.outages + case when is_outage then 1 else 0 end,
    eta = case when final = 'RETRY' and delay > 0 then now() + delay * interval '1 second' else t.eta end,
    worker = case when final = 'RETRY' then null else t.worker end,
    started_at = least(now(), greatest(t.created_at, t.started_at, job.started_at)),
    finished_at = case when final <> 'RETRY' then now() end
  from job
  where t.id = any(array[job.id])
  returning
    t.id, t.task, t.queue, t.state, t.started_at, t.error, job.attempt, job.worker, outcome, exit_code, signal, peak_memory,
    stderr, stack
), attempt as (
  insert into darkroom.attempts (
    task_id, number, worker, started_at, outcome, error, exit_code, signal, peak_memory, stderr
  )
  select
    id, attempt, worker, started_at, outcome,
    case when stack is null then error else error || jsonb_build_object('stack', stack) end,
    exit_code, signal, peak_memory, stderr
  from task
), event as (
  insert into darkroom.events (task_id, state, attempt, error) select id, state, attempt, error from task
)
select id, task, queue, state from task;

-- src/tasks/endings/settled.ts: findSettledSql
select t.id, t.task, t.queue, t.state
from jsonb_to_recordset($1::jsonb) as ending (id uuid, attempt int, worker uuid, outcome text)
join darkroom.attempts a
  on a.task_id = ending.id and a.number = ending.attempt and a.worker = ending.worker and a.outcome = ending.outcome
join darkroom.tasks t on t.id = a.task_id;

-- src/tasks/failures/groups.ts: groupErrorsSql
with failures as materialized (
  select newest.* from (
    select t.* from darkroom.task_groups g
    cross join lateral (
      select t.id, t.task, t.queue, t.worker, t.attempts, t.created_at, t.finished_at,
        t.error ->> 'type' as type, t.error ->> 'message' as message
      from darkroom.tasks t
      where t.state = 'FAILURE' and t.task = g.task and t.queue = g.queue
        and t.created_at > $1::timestamptz - interval '1 day'
      order by t.created_at desc, t.id desc
      limit 10000
    ) t
    where g.state = 'FAILURE' and ($2::text[] is null or g.task = any($2)) and g.task <> all($3::text[])
    order by t.created_at desc
    limit 10000
  ) newest
  where newest.finished_at >= $1
), alike as materialized (
  select task, type, message, count(*)::int as count, min(finished_at) as first_at, max(finished_at) as last_at,
    (array_agg(id order by finished_at desc))[1] as sample, darkroom.blank_message(message) as blanked,
    string_agg(width_bucket(
      extract(epoch from finished_at), extract(epoch from $1::timestamptz), extract(epoch from now()) + 1, 24
    )::text, ',') as parts
  from failures
  group by task, type, message
)
select darkroom.fingerprint(task, type, blanked) as fingerprint, task, type, blanked as message, sum(count)::int as count,
  min(first_at) as first_at, max(last_at) as last_at, (array_agg(sample order by last_at desc))[1] as sample,
  string_agg(parts, ',') as parts
from alike
group by task, type, blanked
order by count desc, last_at desc
limit $4;

-- src/tasks/failures/groups.ts: failuresAlikeSql
with failures as materialized (
  select newest.* from (
    select t.* from darkroom.task_groups g
    cross join lateral (
      select t.id, t.task, t.queue, t.worker, t.attempts, t.created_at, t.finished_at,
        t.error ->> 'type' as type, t.error ->> 'message' as message
      from darkroom.tasks t
      where t.state = 'FAILURE' and t.task = g.task and t.queue = g.queue
        and t.created_at > $1::timestamptz - interval '1 day'
      order by t.created_at desc, t.id desc
      limit 10000
    ) t
    where g.state = 'FAILURE' and ($2::text[] is null or g.task = any($2)) and g.task <> all($3::text[])
    order by t.created_at desc
    limit 10000
  ) newest
  where newest.finished_at >= $1
), alike as materialized (
  select task, type, message, count(*)::int as count, min(finished_at) as first_at, max(finished_at) as last_at,
    (array_agg(id order by finished_at desc))[1] as sample, darkroom.blank_message(message) as blanked,
    string_agg(width_bucket(
      extract(epoch from finished_at), extract(epoch from $1::timestamptz), extract(epoch from now()) + 1, 24
    )::text, ',') as parts
  from failures
  group by task, type, message
)
select f.id, f.queue, f.worker, f.attempts, f.finished_at, f.message
from alike a
join failures f on f.task = a.task and f.type is not distinct from a.type and f.message is not distinct from a.message
where darkroom.fingerprint(a.task, a.type, a.blanked) = $5
order by f.finished_at desc
limit $4;

-- src/tasks/listing/in-full.ts: readPageSql
select
    t.id, t.task, t.queue, t.state, t.name, t.description, t.priority, t.args, t.attempts, t.max_retries,
    t.result_expires, t.progress, t.progress_detail, t.error, t.eta, t.expires_at, t.created_at, t.started_at,
    t.finished_at, t.worker, t.tags, t.schedule_id, t.video_id, t.traceparent, t.created_by, t.owner,
  case when t.state = 'SUCCESS' and t.readable then t.output end as result,
  t.state = 'SUCCESS' and t.readable is not true as result_expired,
  t.place::int as place, t.before::float8 as before, t.last::int as last
from (
  select
    t.*, j.output, j.readable, wanted.place, max(wanted.place) over () as last,
    coalesce(
      sum(coalesce(pg_column_size(t.args) * case when pg_column_compression(t.args) is null then 1 else 16 end, 0)
      + coalesce(pg_column_size(t.progress_detail) * case when pg_column_compression(t.progress_detail) is null then 1 else 16 end, 0)
      + coalesce(pg_column_size(t.error) * case when pg_column_compression(t.error) is null then 1 else 16 end, 0)
      + coalesce(pg_column_size(j.output) * case when pg_column_compression(j.output) is null then 1 else 16 end, 0))
        over (order by wanted.place rows between unbounded preceding and 1 preceding),
      0
    ) as before
  from unnest($1::uuid[]) with ordinality wanted (id, place)
  join darkroom.tasks t on t.id = wanted.id
  left join lateral (
    select output, completed_on + deletion_seconds * interval '1 second' > now() as readable
    from pgboss.job where name = t.queue and id >= t.id and id <= t.id order by id limit 1
  ) j on true
) t
where t.before < $2
order by t.place;

-- src/tasks/listing/list-sql.ts: listToOlderSql
with asked as materialized (
  select state, task, queue from darkroom.task_groups
  where ($1::text[] is null or state = any($1)) and ($2::text[] is null or task = any($2)) and task <> all($3::text[])
    and ($4::text[] is null or queue = any($4)) and queue <> all($5::text[])
), start as materialized (
  select
    least($6::timestamptz, $8::timestamptz) as at,
    case when $8 <= $6 then '00000000-0000-0000-0000-000000000000' else $7::uuid end as id
), enough as materialized (
  select t.created_at from asked
  cross join lateral (
    select t.created_at from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start))
      and t.created_at > $9::timestamptz
    order by t.created_at desc, t.id desc
    limit (select 1 + 2 * $10::int / greatest(count(*), 1) from asked)
  ) t
  order by t.created_at desc
  offset $10 - 1 limit 1
)
select id, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place
from (
  select t.id, t.created_at from asked
  cross join lateral (
    select t.id, t.created_at from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start))
      and t.created_at > $9
      and t.created_at >= coalesce((select created_at from enough), '-infinity')
    order by t.created_at desc, t.id desc
    limit $10
  ) t
  order by t.created_at desc, t.id desc
  limit $10
) nearest
order by created_at desc, id desc;

-- src/tasks/listing/list-sql.ts: listToNewerSql
with asked as materialized (
  select state, task, queue from darkroom.task_groups
  where ($1::text[] is null or state = any($1)) and ($2::text[] is null or task = any($2)) and task <> all($3::text[])
    and ($4::text[] is null or queue = any($4)) and queue <> all($5::text[])
), start as materialized (
  select
    greatest($6::timestamptz, $9::timestamptz) as at,
    case when $9 >= $6 then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $7::uuid end as id
), enough as materialized (
  select t.created_at from asked
  cross join lateral (
    select t.created_at from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) > ((select at from start), (select id from start))
      and t.created_at < $8::timestamptz
    order by t.created_at asc, t.id asc
    limit (select 1 + 2 * $10::int / greatest(count(*), 1) from asked)
  ) t
  order by t.created_at asc
  offset $10 - 1 limit 1
)
select id, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place
from (
  select t.id, t.created_at from asked
  cross join lateral (
    select t.id, t.created_at from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) > ((select at from start), (select id from start))
      and t.created_at < $8
      and t.created_at <= coalesce((select created_at from enough), 'infinity')
    order by t.created_at asc, t.id asc
    limit $10
  ) t
  order by t.created_at asc, t.id asc
  limit $10
) nearest
order by created_at asc, id asc;

-- src/tasks/listing/rank.ts: rankSoonestSql
with asked as materialized (
  select state, task, queue from darkroom.task_groups
  where ($1::text[] is null or state = any($1)) and ($2::text[] is null or task = any($2)) and task <> all($3::text[])
    and ($4::text[] is null or queue = any($4)) and queue <> all($5::text[])
), start as materialized (
  select
    greatest($6::timestamptz, $9::timestamptz) as at,
    case when $9 >= $6 then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $7::uuid end as id
), stop as materialized (
  select t.created_at, t.id from asked
  cross join lateral (
    select t.created_at, t.id from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) > ((select at from start), (select id from start))
      and t.created_at < $8::timestamptz
    order by t.created_at asc, t.id asc
    offset (select $27::int / greatest(count(*), 1) from asked) limit 1
  ) t
  order by t.created_at asc, t.id asc
  limit 1
), found as (
  select t.id, t.key from asked
  cross join lateral (
    select t.id, greatest(t.created_at, t.eta) as key from darkroom.tasks t
    where 
      t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) > ((select at from start), (select id from start)) and t.created_at < $8
      and t.created_at <= coalesce((select created_at from stop), 'infinity')
      and (
        t.created_at < coalesce((select created_at from stop), 'infinity')
        or t.id <= (select id from stop)
      )
      and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)
  ) t
  where (t.key, t.id) > ($28::timestamptz, $29::uuid)
  order by t.key asc, t.id asc
  limit $10::int
)
select
  (
    select coalesce(json_agg(json_build_object('id', id, 'place', to_char(key at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) order by key asc, id asc), '[]')
    from found
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from stop
  ) as stop;

-- src/tasks/listing/rank.ts: rankSoonestBackSql
with asked as materialized (
  select state, task, queue from darkroom.task_groups
  where ($1::text[] is null or state = any($1)) and ($2::text[] is null or task = any($2)) and task <> all($3::text[])
    and ($4::text[] is null or queue = any($4)) and queue <> all($5::text[])
), start as materialized (
  select
    greatest($6::timestamptz, $9::timestamptz) as at,
    case when $9 >= $6 then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $7::uuid end as id
), stop as materialized (
  select t.created_at, t.id from asked
  cross join lateral (
    select t.created_at, t.id from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) > ((select at from start), (select id from start))
      and t.created_at < $8::timestamptz
    order by t.created_at asc, t.id asc
    offset (select $27::int / greatest(count(*), 1) from asked) limit 1
  ) t
  order by t.created_at asc, t.id asc
  limit 1
), found as (
  select t.id, t.key from asked
  cross join lateral (
    select t.id, greatest(t.created_at, t.eta) as key from darkroom.tasks t
    where 
      t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) > ((select at from start), (select id from start)) and t.created_at < $8
      and t.created_at <= coalesce((select created_at from stop), 'infinity')
      and (
        t.created_at < coalesce((select created_at from stop), 'infinity')
        or t.id <= (select id from stop)
      )
      and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)
  ) t
  where (t.key, t.id) < ($28::timestamptz, $29::uuid)
  order by t.key desc, t.id desc
  limit $10::int
)
select
  (
    select coalesce(json_agg(json_build_object('id', id, 'place', to_char(key at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) order by key desc, id desc), '[]')
    from found
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from stop
  ) as stop;

-- src/tasks/listing/rank.ts: rankLongestSql
with asked as materialized (
  select state, task, queue from darkroom.task_groups
  where ($1::text[] is null or state = any($1)) and ($2::text[] is null or task = any($2)) and task <> all($3::text[])
    and ($4::text[] is null or queue = any($4)) and queue <> all($5::text[])
), start as materialized (
  select
    least($6::timestamptz, $8::timestamptz) as at,
    case when $8 <= $6 then '00000000-0000-0000-0000-000000000000' else $7::uuid end as id
), stop as materialized (
  select t.created_at, t.id from asked
  cross join lateral (
    select t.created_at, t.id from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start))
      and t.created_at > $9::timestamptz
    order by t.created_at desc, t.id desc
    offset (select $27::int / greatest(count(*), 1) from asked) limit 1
  ) t
  order by t.created_at desc, t.id desc
  limit 1
), found as (
  select t.id, t.key from asked
  cross join lateral (
    select t.id, coalesce((extract(epoch from case when t.state = 'STARTED' then to_timestamp($30::float8 / 1000) - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end) * 1000000)::bigint, -1) as key from darkroom.tasks t
    where 
      t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start)) and t.created_at > $9
      and t.created_at >= coalesce((select created_at from stop), '-infinity')
      and (
        t.created_at > coalesce((select created_at from stop), '-infinity')
        or t.id >= (select id from stop)
      )
      and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)
  ) t
  where (t.key, t.id) < ($28::bigint, $29::uuid)
  order by t.key desc, t.id desc
  limit $10::int
)
select
  (
    select coalesce(json_agg(json_build_object('id', id, 'place', key::text) order by key desc, id desc), '[]')
    from found
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from stop
  ) as stop;

-- src/tasks/listing/rank.ts: rankLongestBackSql
with asked as materialized (
  select state, task, queue from darkroom.task_groups
  where ($1::text[] is null or state = any($1)) and ($2::text[] is null or task = any($2)) and task <> all($3::text[])
    and ($4::text[] is null or queue = any($4)) and queue <> all($5::text[])
), start as materialized (
  select
    least($6::timestamptz, $8::timestamptz) as at,
    case when $8 <= $6 then '00000000-0000-0000-0000-000000000000' else $7::uuid end as id
), stop as materialized (
  select t.created_at, t.id from asked
  cross join lateral (
    select t.created_at, t.id from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start))
      and t.created_at > $9::timestamptz
    order by t.created_at desc, t.id desc
    offset (select $27::int / greatest(count(*), 1) from asked) limit 1
  ) t
  order by t.created_at desc, t.id desc
  limit 1
), found as (
  select t.id, t.key from asked
  cross join lateral (
    select t.id, coalesce((extract(epoch from case when t.state = 'STARTED' then to_timestamp($30::float8 / 1000) - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end) * 1000000)::bigint, -1) as key from darkroom.tasks t
    where 
      t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start)) and t.created_at > $9
      and t.created_at >= coalesce((select created_at from stop), '-infinity')
      and (
        t.created_at > coalesce((select created_at from stop), '-infinity')
        or t.id >= (select id from stop)
      )
      and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)
  ) t
  where (t.key, t.id) > ($28::bigint, $29::uuid)
  order by t.key asc, t.id asc
  limit $10::int
)
select
  (
    select coalesce(json_agg(json_build_object('id', id, 'place', key::text) order by key asc, id asc), '[]')
    from found
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from stop
  ) as stop;

-- src/tasks/listing/search-sql.ts: searchToOlderSql
with asked as materialized (
  select state, task, queue from darkroom.task_groups
  where ($1::text[] is null or state = any($1)) and ($2::text[] is null or task = any($2)) and task <> all($3::text[])
    and ($4::text[] is null or queue = any($4)) and queue <> all($5::text[])
), start as materialized (
  select
    least($6::timestamptz, $8::timestamptz) as at,
    case when $8 <= $6 then '00000000-0000-0000-0000-000000000000' else $7::uuid end as id
), stop as materialized (
  select t.created_at, t.id from asked
  cross join lateral (
    select t.created_at, t.id from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start))
      and t.created_at > $9::timestamptz
    order by t.created_at desc, t.id desc
    offset (select $27::int / greatest(count(*), 1) from asked) limit 1
  ) t
  order by t.created_at desc, t.id desc
  limit 1
), found as (
  select t.id, t.created_at from asked
  cross join lateral (
    select t.id, t.created_at from darkroom.tasks t
    where 
      t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) < ((select at from start), (select id from start)) and t.created_at > $9
      and t.created_at >= coalesce((select created_at from stop), '-infinity')
      and (
        t.created_at > coalesce((select created_at from stop), '-infinity')
        or t.id >= (select id from stop)
      )
      and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)
    order by t.created_at desc, t.id desc
    limit $10::int
  ) t
  order by t.created_at desc, t.id desc
  limit $10
)
select
  (
    select coalesce(json_agg(
      json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
      order by created_at desc, id desc
    ), '[]')
    from found
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from stop
  ) as stop;

-- src/tasks/listing/search-sql.ts: searchToNewerSql
with asked as materialized (
  select state, task, queue from darkroom.task_groups
  where ($1::text[] is null or state = any($1)) and ($2::text[] is null or task = any($2)) and task <> all($3::text[])
    and ($4::text[] is null or queue = any($4)) and queue <> all($5::text[])
), start as materialized (
  select
    greatest($6::timestamptz, $9::timestamptz) as at,
    case when $9 >= $6 then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $7::uuid end as id
), stop as materialized (
  select t.created_at, t.id from asked
  cross join lateral (
    select t.created_at, t.id from darkroom.tasks t
    where t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) > ((select at from start), (select id from start))
      and t.created_at < $8::timestamptz
    order by t.created_at asc, t.id asc
    offset (select $27::int / greatest(count(*), 1) from asked) limit 1
  ) t
  order by t.created_at asc, t.id asc
  limit 1
), found as (
  select t.id, t.created_at from asked
  cross join lateral (
    select t.id, t.created_at from darkroom.tasks t
    where 
      t.state = asked.state and t.task = asked.task and t.queue = asked.queue
      and (t.created_at, t.id) > ((select at from start), (select id from start)) and t.created_at < $8
      and t.created_at <= coalesce((select created_at from stop), 'infinity')
      and (
        t.created_at < coalesce((select created_at from stop), 'infinity')
        or t.id <= (select id from stop)
      )
      and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)
    order by t.created_at asc, t.id asc
    limit $10::int
  ) t
  order by t.created_at asc, t.id asc
  limit $10
)
select
  (
    select coalesce(json_agg(
      json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
      order by created_at asc, id asc
    ), '[]')
    from found
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from stop
  ) as stop;

-- src/tasks/listing/search-sql.ts: followScheduledToLaterSql
with slice as materialized (
  select t.id, t.eta as at, (
    t.created_at < $8::timestamptz and t.created_at > $9::timestamptz and 
    ($1::text[] is null or t.state = any($1)) and ($2::text[] is null or t.task = any($2))
    and t.task <> all($3::text[]) and ($4::text[] is null or t.queue = any($4)) and t.queue <> all($5::text[])
    and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)
  ) as fits
  from darkroom.tasks t
  where t.state = 'PENDING' and t.eta is not null and t.eta > now() and (t.eta, t.id) > ($6::timestamptz, $7::uuid)
  order by t.eta asc, t.id asc
  limit $27
)
select
  (
    select coalesce(json_agg(json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) order by at asc, id asc), '[]')
    from (select id, at from slice where fits order by at asc, id asc limit $10::int) found
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from slice
    where (select count(*) from slice) = $27::int
    order by at desc, id desc limit 1
  ) as stop;

-- src/tasks/listing/search-sql.ts: followScheduledToSoonerSql
with slice as materialized (
  select t.id, t.eta as at, (
    t.created_at < $8::timestamptz and t.created_at > $9::timestamptz and 
    ($1::text[] is null or t.state = any($1)) and ($2::text[] is null or t.task = any($2))
    and t.task <> all($3::text[]) and ($4::text[] is null or t.queue = any($4)) and t.queue <> all($5::text[])
    and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)
  ) as fits
  from darkroom.tasks t
  where t.state = 'PENDING' and t.eta is not null and t.eta > now() and (t.eta, t.id) < ($6::timestamptz, $7::uuid)
  order by t.eta desc, t.id desc
  limit $27
)
select
  (
    select coalesce(json_agg(json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) order by at desc, id desc), '[]')
    from (select id, at from slice where fits order by at desc, id desc limit $10::int) found
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from slice
    where (select count(*) from slice) = $27::int
    order by at asc, id asc limit 1
  ) as stop;

-- src/tasks/listing/search-sql.ts: followScheduleToOlderSql
with slice as materialized (
  select t.id, t.created_at as at, (
    t.created_at < $8::timestamptz and t.created_at > $9::timestamptz and 
    ($1::text[] is null or t.state = any($1)) and ($2::text[] is null or t.task = any($2))
    and t.task <> all($3::text[]) and ($4::text[] is null or t.queue = any($4)) and t.queue <> all($5::text[])
    and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)
  ) as fits
  from darkroom.tasks t
  where t.schedule_id = ($19::uuid[])[1] and (t.created_at, t.id) < ($6::timestamptz, $7::uuid)
  order by t.created_at desc, t.id desc
  limit $27
)
select
  (
    select coalesce(json_agg(json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) order by at desc, id desc), '[]')
    from (select id, at from slice where fits order by at desc, id desc limit $10::int) found
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from slice
    where (select count(*) from slice) = $27::int
    order by at asc, id asc limit 1
  ) as stop;

-- src/tasks/listing/search-sql.ts: followScheduleToNewerSql
with slice as materialized (
  select t.id, t.created_at as at, (
    t.created_at < $8::timestamptz and t.created_at > $9::timestamptz and 
    ($1::text[] is null or t.state = any($1)) and ($2::text[] is null or t.task = any($2))
    and t.task <> all($3::text[]) and ($4::text[] is null or t.queue = any($4)) and t.queue <> all($5::text[])
    and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)
  ) as fits
  from darkroom.tasks t
  where t.schedule_id = ($19::uuid[])[1] and (t.created_at, t.id) > ($6::timestamptz, $7::uuid)
  order by t.created_at asc, t.id asc
  limit $27
)
select
  (
    select coalesce(json_agg(json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) order by at asc, id asc), '[]')
    from (select id, at from slice where fits order by at asc, id asc limit $10::int) found
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from slice
    where (select count(*) from slice) = $27::int
    order by at desc, id desc limit 1
  ) as stop;

-- src/tasks/listing/search-sql.ts: followVideoToOlderSql
with slice as materialized (
  select t.id, t.created_at as at, (
    t.created_at < $8::timestamptz and t.created_at > $9::timestamptz and 
    ($1::text[] is null or t.state = any($1)) and ($2::text[] is null or t.task = any($2))
    and t.task <> all($3::text[]) and ($4::text[] is null or t.queue = any($4)) and t.queue <> all($5::text[])
    and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)
  ) as fits
  from darkroom.tasks t
  where t.video_id = ($21::uuid[])[1] and (t.created_at, t.id) < ($6::timestamptz, $7::uuid)
  order by t.created_at desc, t.id desc
  limit $27
)
select
  (
    select coalesce(json_agg(json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) order by at desc, id desc), '[]')
    from (select id, at from slice where fits order by at desc, id desc limit $10::int) found
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from slice
    where (select count(*) from slice) = $27::int
    order by at asc, id asc limit 1
  ) as stop;

-- src/tasks/listing/search-sql.ts: followVideoToNewerSql
with slice as materialized (
  select t.id, t.created_at as at, (
    t.created_at < $8::timestamptz and t.created_at > $9::timestamptz and 
    ($1::text[] is null or t.state = any($1)) and ($2::text[] is null or t.task = any($2))
    and t.task <> all($3::text[]) and ($4::text[] is null or t.queue = any($4)) and t.queue <> all($5::text[])
    and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)
  ) as fits
  from darkroom.tasks t
  where t.video_id = ($21::uuid[])[1] and (t.created_at, t.id) > ($6::timestamptz, $7::uuid)
  order by t.created_at asc, t.id asc
  limit $27
)
select
  (
    select coalesce(json_agg(json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) order by at asc, id asc), '[]')
    from (select id, at from slice where fits order by at asc, id asc limit $10::int) found
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from slice
    where (select count(*) from slice) = $27::int
    order by at desc, id desc limit 1
  ) as stop;

-- src/tasks/listing/search-sql.ts: followOwnerToOlderSql
with slice as materialized (
  select t.id, t.created_at as at, (
    t.created_at < $8::timestamptz and t.created_at > $9::timestamptz and 
    ($1::text[] is null or t.state = any($1)) and ($2::text[] is null or t.task = any($2))
    and t.task <> all($3::text[]) and ($4::text[] is null or t.queue = any($4)) and t.queue <> all($5::text[])
    and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)
  ) as fits
  from darkroom.tasks t
  where t.owner = $26 and (t.created_at, t.id) < ($6::timestamptz, $7::uuid)
  order by t.created_at desc, t.id desc
  limit $27
)
select
  (
    select coalesce(json_agg(json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) order by at desc, id desc), '[]')
    from (select id, at from slice where fits order by at desc, id desc limit $10::int) found
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from slice
    where (select count(*) from slice) = $27::int
    order by at asc, id asc limit 1
  ) as stop;

-- src/tasks/listing/search-sql.ts: followOwnerToNewerSql
with slice as materialized (
  select t.id, t.created_at as at, (
    t.created_at < $8::timestamptz and t.created_at > $9::timestamptz and 
    ($1::text[] is null or t.state = any($1)) and ($2::text[] is null or t.task = any($2))
    and t.task <> all($3::text[]) and ($4::text[] is null or t.queue = any($4)) and t.queue <> all($5::text[])
    and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26)
  ) as fits
  from darkroom.tasks t
  where t.owner = $26 and (t.created_at, t.id) > ($6::timestamptz, $7::uuid)
  order by t.created_at asc, t.id asc
  limit $27
)
select
  (
    select coalesce(json_agg(json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) order by at asc, id asc), '[]')
    from (select id, at from slice where fits order by at asc, id asc limit $10::int) found
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) from slice
    where (select count(*) from slice) = $27::int
    order by at desc, id desc limit 1
  ) as stop;

-- src/tasks/listing/search-sql.ts: searchByIdSql
select t.id, to_char(t.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place
from darkroom.tasks t
where t.id = $10::uuid and (t.created_at, t.id) > ($6::timestamptz, $7::uuid)
  and t.created_at < $8::timestamptz and t.created_at > $9::timestamptz and 
    ($1::text[] is null or t.state = any($1)) and ($2::text[] is null or t.task = any($2))
    and t.task <> all($3::text[]) and ($4::text[] is null or t.queue = any($4)) and t.queue <> all($5::text[])
  and 
    ($11::boolean is null or t.state <> 'PENDING' or coalesce(t.eta > now(), false) = $11)
    and ($12::uuid[] is null or t.worker = any($12)) and (t.worker is null or t.worker <> all($13::uuid[]))
    and ($14::text[] is null or t.tags && $14) and not t.tags && $15::text[]
    and ($16::text is null or t.name ilike $16 or t.description ilike $16 or length($16) = 36 and t.id::text = lower($16))
    and ($17::text[] is null or t.error ->> 'message' ilike any($17))
    and coalesce(t.error ->> 'message', '') not ilike all($18::text[])
    and ($19::uuid[] is null or t.schedule_id = any($19))
    and (t.schedule_id is null or t.schedule_id <> all($20::uuid[]))
    and ($21::uuid[] is null or t.video_id = any($21)) and (t.video_id is null or t.video_id <> all($22::uuid[]))
    and t.attempts >= $23::int
    and ($24::float8 is null or case when t.state = 'STARTED' then now() - t.started_at when t.finished_at is not null then t.finished_at - t.started_at end >= $24 * interval '1 second')
    and ($25::float8 is null or 
  coalesce(
    case when t.attempts > 1 then (
      select a.started_at from darkroom.attempts a where a.task_id = t.id order by a.number limit 1
    ) end,
    t.started_at, t.finished_at, now()
  ) - greatest(t.created_at, case when t.attempts <= 1 and t.state <> 'RETRY' then t.eta end) >= $25 * interval '1 second')
    and ($26::text is null or t.owner = $26);

-- src/tasks/log/expire.ts: removeLogsSql
with old as (
  select l.task_id, l.attempt from darkroom.attempt_logs l
  left join darkroom.tasks t on t.id = l.task_id
  left join darkroom.attempts a on a.task_id = l.task_id and a.number = l.attempt
  where l.at < now() - interval '1 hour' and (t.id is null or a.stderr is not null)
  order by l.at limit 1000 for update of l skip locked
)
delete from darkroom.attempt_logs l using old where l.task_id = old.task_id and l.attempt = old.attempt;

-- src/tasks/log/read.ts: readLogSql
select t.state, a.number as attempt, a.is_over, a.tail, l.said, l.tail as live
from darkroom.tasks t
left join lateral (
  (
    select number, true as is_over, stderr as tail from darkroom.attempts
    where task_id = t.id and ($2::int is null or number = $2) and number >= $3
    order by number desc limit 50
  )
  union all
  select t.attempts, false, null
  where t.state = 'STARTED' and ($2::int is null or t.attempts = $2) and t.attempts >= $3
) a on true
left join darkroom.attempt_logs l on l.task_id = t.id and l.attempt = a.number
where t.id = $1
order by a.number;

-- src/tasks/log/write.ts: writeLogsSql
insert into darkroom.attempt_logs as l (task_id, attempt, said, tail)
select * from unnest($1::uuid[], $2::int[], $3::bigint[], $4::text[])
on conflict (task_id, attempt) do update set said = excluded.said, tail = excluded.tail, at = excluded.at;

-- src/tasks/read/find.ts: findTasksSql
select
    t.id, t.task, t.queue, t.state, t.name, t.description, t.priority, t.args, t.attempts, t.max_retries,
    t.result_expires, t.progress, t.progress_detail, t.error, t.eta, t.expires_at, t.created_at, t.started_at,
    t.finished_at, t.worker, t.tags, t.schedule_id, t.video_id, t.traceparent, t.created_by, t.owner,
  case when t.state = 'SUCCESS' and j.readable then j.output end as result,
  t.state = 'SUCCESS' and j.readable is not true as result_expired
from unnest($1::uuid[]) wanted (id)
join darkroom.tasks t on t.id = wanted.id
left join lateral (
  select output, completed_on + deletion_seconds * interval '1 second' > now() as readable
  from pgboss.job where name = t.queue and id >= t.id and id <= t.id order by id limit 1
) j on true;

-- src/tasks/read/missed.ts: markEventsSql
select coalesce(pg_sequence_last_value(pg_get_serial_sequence('darkroom.events', 'id')::regclass), 0) as mark;

-- src/tasks/read/missed.ts: findMissedSql
select distinct task_id as id from darkroom.events where id > $1;

-- src/tasks/read/sight.ts: findOwnerSql
select owner from darkroom.tasks where id = $1;

-- src/tasks/read/timeline.ts: readTimelineSql
select
  t.created_at, t.eta, t.state, t.attempts, t.finished_at, t.request_id, t.schedule_id,
  coalesce(t.time_limit, k.time_limit) as time_limit,
  coalesce(t.soft_time_limit, k.soft_time_limit) as soft_time_limit,
  (
    select coalesce(json_agg(a order by a.number), '[]') from (
      select number, worker, started_at, finished_at, outcome, error from darkroom.attempts
      where task_id = t.id order by number desc limit 1000
    ) a
  ) as tries,
  case when t.state = 'STARTED' then json_build_object(
    'number', t.attempts, 'worker', t.worker, 'started_at', t.started_at
  ) end as running,
  (
    select coalesce(json_agg(e order by e.id), '[]') from (
      select id, at, state, attempt, error from darkroom.events where task_id = t.id order by id desc limit 1000
    ) e
  ) as events
from darkroom.tasks t
left join darkroom.kinds k on k.name = t.task
where t.id = $1;

-- src/tasks/steer/cancel.ts: requestCancelSql
select state, accepted from darkroom.request_cancel($1);

-- src/tasks/steer/cancel.ts: revokeTaskSql
select darkroom.revoke_task($1, $2);

-- src/tasks/steer/change.ts: requestChangeSql
select state, accepted, lane from darkroom.request_change($1, $2::jsonb);

-- src/tasks/steer/deadline.ts: dropDeadlineSql
delete from darkroom.deadlines d using darkroom.tasks t
where t.id = $1 and d.expires_at = t.expires_at and d.task_id = t.id;

-- src/tasks/steer/forget.ts: forgetJobSql
delete from pgboss.job where name = $1 and id = $2;

-- src/tasks/steer/forget.ts: forgetTaskSql
with event as (
  delete from darkroom.events where task_id = $1
), attempt as (
  delete from darkroom.attempts where task_id = $1
)
delete from darkroom.tasks where id = $1;

-- src/tasks/steer/forget.ts: forgetJobsSql
delete from pgboss.job j using darkroom.tasks t
where t.id = any($1::uuid[]) and j.name = t.queue and j.id = t.id and j.state >= 'completed';

-- src/tasks/steer/forget.ts: forgetTasksSql
with gone as (
  delete from darkroom.tasks where id = any($1::uuid[]) and state = any($2::text[])
  returning id, state, error, video_id, expires_at
), event as (
  delete from darkroom.events using gone where task_id = gone.id
), attempt as (
  delete from darkroom.attempts using gone where task_id = gone.id
), deadline as (
  delete from darkroom.deadlines d using gone where d.expires_at = gone.expires_at and d.task_id = gone.id
)
select id, state, error, video_id from gone;

-- src/tasks/steer/lock.ts: lockJobOfTaskSql
select j.id from darkroom.tasks t join pgboss.job j on j.name = t.queue and j.id = t.id where t.id = $1
for update of j;

-- src/tasks/steer/lock.ts: lockTaskSql
select id, state, queue, error, video_id from darkroom.tasks where id = $1 for update;

-- src/tasks/steer/retry.ts: requestRetrySql
select queue, state, accepted from darkroom.request_retry($1);

-- src/tasks/submit/enqueue.ts: enqueueSql
with new as (
  select * from jsonb_to_recordset($1::jsonb) as new (
    id uuid, task text, queue text, name text, description text, priority smallint, args jsonb, max_retries int,
    retry_delay real, retry_backoff boolean, retry_backoff_max real, retry_jitter boolean, time_limit real,
    soft_time_limit real, result_expires int, eta timestamptz, expires_at timestamptz, tags text[],
    schedule_id uuid, video_id uuid, request_id text, traceparent text, created_by text, owner text,
    webhook_id uuid, countdown float8, expires_in float8
  )
), task as (
  insert into darkroom.tasks (
    id, task, queue, name, description, priority, args, max_retries, retry_delay, retry_backoff, retry_backoff_max,
    retry_jitter, time_limit, soft_time_limit, result_expires, eta, expires_at, tags, schedule_id, video_id,
    request_id, traceparent, created_by, owner, webhook_id
  )
  select
    id, task, queue, name, description, priority, args, max_retries, retry_delay, retry_backoff, retry_backoff_max,
    retry_jitter, time_limit, soft_time_limit, result_expires,
    coalesce(eta, now() + countdown * interval '1 second'),
    coalesce(expires_at, now() + expires_in * interval '1 second'), coalesce(tags, '{}'), schedule_id, video_id,
    request_id, traceparent, created_by, owner, webhook_id
  from new
  returning id, task, queue, priority, result_expires, eta, expires_at, created_at
), job as (
  insert into pgboss.job (
    id, name, data, priority, policy, retry_limit, expire_seconds, deletion_seconds, keep_until, start_after
  )
  select
    id, case when eta > now() then 'delayed' else queue end, jsonb_build_object('task', task), priority,
    'standard', 2147483647, 2147483647, result_expires, 'infinity', coalesce(greatest(eta, now()), now())
  from task
), event as (
  insert into darkroom.events (task_id, state) select id, 'PENDING' from task
), deadline as (
  insert into darkroom.deadlines (expires_at, task_id) select expires_at, id from task where expires_at is not null
)
select id, queue, eta, expires_at, created_at from task;

-- src/tasks/submit/enqueue.ts: enqueueAndWakeSql
with new as (
  select * from jsonb_to_recordset($1::jsonb) as new (
    id uuid, task text, queue text, name text, description text, priority smallint, args jsonb, max_retries int,
    retry_delay real, retry_backoff boolean, retry_backoff_max real, retry_jitter boolean, time_limit real,
    soft_time_limit real, result_expires int, eta timestamptz, expires_at timestamptz, tags text[],
    schedule_id uuid, video_id uuid, request_id text, traceparent text, created_by text, owner text,
    webhook_id uuid, countdown float8, expires_in float8
  )
), task as (
  insert into darkroom.tasks (
    id, task, queue, name, description, priority, args, max_retries, retry_delay, retry_backoff, retry_backoff_max,
    retry_jitter, time_limit, soft_time_limit, result_expires, eta, expires_at, tags, schedule_id, video_id,
    request_id, traceparent, created_by, owner, webhook_id
  )
  select
    id, task, queue, name, description, priority, args, max_retries, retry_delay, retry_backoff, retry_backoff_max,
    retry_jitter, time_limit, soft_time_limit, result_expires,
    coalesce(eta, now() + countdown * interval '1 second'),
    coalesce(expires_at, now() + expires_in * interval '1 second'), coalesce(tags, '{}'), schedule_id, video_id,
    request_id, traceparent, created_by, owner, webhook_id
  from new
  returning id, task, queue, priority, result_expires, eta, expires_at, created_at
), job as (
  insert into pgboss.job (
    id, name, data, priority, policy, retry_limit, expire_seconds, deletion_seconds, keep_until, start_after
  )
  select
    id, case when eta > now() then 'delayed' else queue end, jsonb_build_object('task', task), priority,
    'standard', 2147483647, 2147483647, result_expires, 'infinity', coalesce(greatest(eta, now()), now())
  from task
), event as (
  insert into darkroom.events (task_id, state) select id, 'PENDING' from task
), deadline as (
  insert into darkroom.deadlines (expires_at, task_id) select expires_at, id from task where expires_at is not null
)
select id, queue, eta, expires_at, created_at, pg_notify('darkroom_wake', case when eta > created_at then 'delayed' else queue end) as woken from task;

-- src/tasks/submit/room.ts: takeTurnSql
select pg_advisory_xact_lock(hashtextextended('darkroom key ' || $1, 0));

-- src/tasks/submit/room.ts: countOpenSql
select count(*)::int as count from (
  select from darkroom.tasks where owner = $1 and finished_at is null limit $2
) open;

-- src/tasks/submit/webhooks.ts: findWebhookIdSql
select from darkroom.webhooks where id = $1;

-- src/tasks/upkeep/astray.ts: findAstraySql
with looked as (
  select t.* from darkroom.task_groups kinds
  cross join lateral (
    select t.id, t.state, t.attempts, t.created_at, exists (
  select from pgboss.queue q join pgboss.job j on j.name = q.name and j.id = t.id
  where case
    when t.state = 'STARTED' then j.state = 'active' and j.retry_count = t.attempts - 1
    else j.state < 'active'
  end
) as fine,
      row_number() over (order by t.created_at, t.id) = 1000 as full_page
    from (
      select id, state, attempts, created_at from darkroom.tasks t
      where t.state = kinds.state and t.task = kinds.task and t.queue = kinds.queue
        and (t.created_at, t.id) > ($1::timestamptz, $2::uuid)
      order by created_at, id limit 1000
    ) t
  ) t
  where kinds.state in ('PENDING', 'STARTED', 'RETRY')
)
select
  coalesce(
    json_agg(json_build_object('id', id, 'state', state, 'attempts', attempts)) filter (where not fine), '[]'
  ) as suspects,
  (select json_build_object('at', created_at, 'id', id) from looked where full_page order by created_at, id limit 1) as next
from looked;

-- src/tasks/upkeep/astray.ts: endAstraySql
with job as materialized (
  select t.id from unnest($1::uuid[], $2::text[], $3::int[]) suspect (id, state, attempts)
  join darkroom.tasks t on t.id = any(array[suspect.id])
  where t.state = suspect.state and t.attempts = suspect.attempts and not exists (
  select from pgboss.queue q join pgboss.job j on j.name = q.name and j.id = t.id
  where case
    when t.state = 'STARTED' then j.state = 'active' and j.retry_count = t.attempts - 1
    else j.state < 'active'
  end
)
  limit 200
  for update of t skip locked
), ended as (
  update pgboss.job j set state = 'cancelled', completed_on = now()
  from job, pgboss.queue q
  where j.name = q.name and j.id = job.id and j.state < 'completed'
), task as (
  update darkroom.tasks t set
    state = 'REVOKED', finished_at = now(),
    error = '{"type": "job_gone", "message": "Its job was removed or changed, and not by Darkroom"}'
  from job
  where t.id = job.id
  returning t.id, t.attempts, t.error, t.worker, t.started_at
), attempt as (
  -- What its worker writes of a running attempt from here on matches no row.
  insert into darkroom.attempts (task_id, number, worker, started_at, outcome, error)
  select task.id, task.attempts, task.worker, coalesce(task.started_at, now()), 'cancelled', task.error
  from task join unnest($1::uuid[], $2::text[]) suspect (id, state) on suspect.id = task.id
  where suspect.state = 'STARTED'
  on conflict do nothing
), event as (
  insert into darkroom.events (task_id, state, attempt, error) select id, 'REVOKED', attempts, error from task
)
select count(*)::int as count,
  pg_notify('darkroom_changed', string_agg(id::text, ',')), pg_notify('darkroom_cancel', string_agg(id::text, ','))
from task having count(*) > 0;

-- src/tasks/upkeep/expire.ts: expireSql
with due as (
  delete from darkroom.deadlines d
  using (
    select expires_at, task_id from darkroom.deadlines where expires_at <= now()
    order by expires_at, task_id limit 500 for update skip locked
  ) next
  where d.expires_at = next.expires_at and d.task_id = next.task_id
  returning d.task_id
), late as materialized (
  select j.name, j.id, t.queue
  from due
  join darkroom.tasks t on t.id = due.task_id
  join pgboss.job j on j.id = t.id and j.name in (t.queue, 'delayed') and j.state < 'active'
  where t.started_at is null and t.finished_at is null and t.expires_at <= now()
  for update of j
), home as (
  update pgboss.job j set name = late.queue, state = 'cancelled', completed_on = now()
  from late
  where j.name = late.name and j.id = late.id and exists (select from pgboss.queue q where q.name = late.queue)
  returning j.id
), homeless as (
  delete from pgboss.job j using late
  where j.name = late.name and j.id = late.id and not exists (select from pgboss.queue q where q.name = late.queue)
  returning j.id
), job as (
  select id from home union all select id from homeless
), task as (
  update darkroom.tasks t set
    state = 'REVOKED', finished_at = now(), error = '{"type": "expired", "message": "It did not start in time"}'
  from job
  where t.id = job.id
  returning t.id, t.attempts, t.error
), event as (
  insert into darkroom.events (task_id, state, attempt, error) select id, 'REVOKED', attempts, error from task
)
select
  (select coalesce(array_agg(id), '{}') from task) as revoked,
  (select count(*)::int from due) as come,
  (
    select extract(epoch from min(expires_at) - now())::float8 from darkroom.deadlines
    where task_id not in (select task_id from due)
  ) as next;

-- src/tasks/upkeep/homeless.ts: revokeHomelessSql
with homeless as materialized (
  select j.id from pgboss.job j
  join darkroom.tasks t on t.id = j.id
  where j.name = 'delayed' and j.state < 'active' and j.start_after <= now()
    and not exists (select from pgboss.queue q where q.name = t.queue)
  limit 200
  for update of j skip locked
), job as (
  delete from pgboss.job j using homeless where j.name = 'delayed' and j.id = homeless.id
  returning j.id
), task as (
  update darkroom.tasks t set
    state = 'REVOKED', finished_at = now(),
    error = '{"type": "queue_gone", "message": "Its queue was removed before it ran"}'
  from job
  where t.id = job.id
  returning t.id, t.attempts, t.error
), event as (
  insert into darkroom.events (task_id, state, attempt, error) select id, 'REVOKED', attempts, error from task
)
select count(*)::int as count, pg_notify('darkroom_changed', string_agg(id::text, ',')) from task having count(*) > 0;

-- src/tasks/upkeep/homeless.ts: revokeJoblessSql
with jobless as materialized (
  select t.id from darkroom.task_groups g
  left join pgboss.queue q on q.name = g.queue
  cross join lateral (
    select id from darkroom.tasks t
    where t.state = g.state and t.task = g.task and t.queue = g.queue
      and t.created_at < coalesce(q.created_on, 'infinity')
      and not exists (select from pgboss.queue any_queue join pgboss.job j on j.name = any_queue.name and j.id = t.id)
    order by created_at desc
    limit 200
    for update skip locked
  ) t
  where g.state in ('PENDING', 'STARTED', 'RETRY')
  limit 200
), task as (
  update darkroom.tasks t set
    state = 'REVOKED', finished_at = now(),
    error = '{"type": "queue_gone", "message": "Its queue was removed before it ran"}'
  from jobless
  where t.id = jobless.id
  returning t.id, t.attempts, t.error
), event as (
  insert into darkroom.events (task_id, state, attempt, error) select id, 'REVOKED', attempts, error from task
)
select count(*)::int as count, pg_notify('darkroom_changed', string_agg(id::text, ',')) from task having count(*) > 0;

-- src/tasks/upkeep/promote.ts: promoteSql
with due as materialized (
  select id from pgboss.job
  where name = 'delayed' and state < 'active' and start_after <= now()
  order by start_after
  limit 500
  for update skip locked
), moved as (
  update pgboss.job j set name = t.queue
  from due join darkroom.tasks t on t.id = due.id
  where j.name = 'delayed' and j.id = due.id
  returning j.name
)
select
  (select coalesce(array_agg(distinct name), '{}') from moved) as queues,
  (
    select extract(epoch from min(start_after) - now())::float8 from pgboss.job
    where name = 'delayed' and state < 'active' and id not in (select id from due)
  ) as next;

-- src/tasks/upkeep/unknown-kinds.ts: unknownKindsSql
select kinds_waiting.task as kind, sum(waiting.count)::int as waiting
from darkroom.task_groups kinds_waiting
cross join lateral (
  select count(*) from (
    select from darkroom.tasks t
    where t.state = kinds_waiting.state and t.task = kinds_waiting.task and t.queue = kinds_waiting.queue
    limit 1001
  ) counted
) waiting
where kinds_waiting.state in ('PENDING', 'RETRY') and not exists (
  select from darkroom.workers w
  where w.status = 'running' and w.heartbeat_at > now() - 10 * interval '1 second' and kinds_waiting.task = any(w.kinds || w.withheld_kinds)
)
group by kinds_waiting.task
order by kinds_waiting.task;

-- src/tasks/why/why.ts: whySql
select code, state, queue, paused_workers, since, until, sentence from darkroom.explain_task($1);

-- src/uploads/queries.ts: createUploadSql
insert into darkroom.uploads (id, filename, metadata, length, request_id, written_by, expires_at, owner)
values ($1, $2, $3, $4, $5, $1, now() + $6::float8 * interval '1 second', $7)
returning created_at, expires_at;

-- src/uploads/queries.ts: findUploadSql
select u.id, u.filename, u.metadata, u.length, u.received, u.written_by, u.video_id, u.created_at, u.expires_at, u.owner,
  coalesce(u.leased_until > now(), false) as is_locked,
  coalesce(extract(epoch from u.leased_until - now()), 0)::float8 as locked_for,
  u.expires_at <= now() and u.video_id is null as is_expired,
  f.task_id, f.sha256
from darkroom.uploads u left join darkroom.films f on f.id = u.video_id
where u.id = $1;

-- src/uploads/queries.ts: takeUploadSql
update darkroom.uploads set lease = $2, leased_until = now() + 10 * interval '1 second',
  written_by = case when lease is null then written_by end
from set_config('synchronous_commit', 'off', true)
where id = $1 and received = $3 and video_id is null and expires_at > now()
  and (lease is null or leased_until <= now())
returning filename, metadata, length, received, written_by, expires_at;

-- src/uploads/queries.ts: renewUploadSql
update darkroom.uploads set leased_until = now() + 10 * interval '1 second',
  expires_at = now() + $3::float8 * interval '1 second'
from set_config('synchronous_commit', 'off', true)
where id = $1 and lease = $2
returning expires_at;

-- src/uploads/queries.ts: advanceUploadSql
update darkroom.uploads set received = $4, written_by = $2, leased_until = now() + 10 * interval '1 second',
  expires_at = now() + $3::float8 * interval '1 second'
from set_config('synchronous_commit', 'off', true)
where id = $1 and lease = $2
returning expires_at;

-- src/uploads/queries.ts: leaveUploadSql
update darkroom.uploads set received = $4, length = coalesce(length, $5), lease = null, leased_until = null,
  written_by = case when received = $4 then written_by else $2 end,
  expires_at = now() + $3::float8 * interval '1 second'
from set_config('synchronous_commit', 'off', true)
where id = $1 and lease = $2
returning expires_at;

-- src/uploads/queries.ts: restartUploadSql
update darkroom.uploads set received = 0, written_by = id, lease = null, leased_until = null
where id = $1 and lease = $2 and video_id is null;

-- src/uploads/queries.ts: finishUploadSql
update darkroom.uploads set received = $3, length = $3, video_id = id, lease = null, leased_until = null
where id = $1 and lease = $2 and video_id is null
returning id;

-- src/uploads/queries.ts: deleteUploadSql
delete from darkroom.uploads where id = $1 and video_id is null returning id;

-- src/uploads/tasks/expire-uploads.ts: expireUploadsSql
with old as (
  select id, video_id from darkroom.uploads
  where expires_at <= now() and (leased_until is null or leased_until <= now())
  order by expires_at limit 1000 for update skip locked
)
delete from darkroom.uploads u using old where u.id = old.id
returning u.id, u.video_id;

-- src/uploads/tasks/expire-uploads.ts: knowsUploadSql
select from darkroom.uploads where id = $1;

-- src/videos/make/publish-rungs.ts: publishRungsSql
with gone as (
  delete from darkroom.rungs where name <> all($1)
)
insert into darkroom.rungs (name)
select name from unnest($1::text[]) wanted (name)
order by name
on conflict do nothing;

-- src/videos/parts/queries.ts: beginPartsSql
select darkroom.begin_parts($1, $2, $3, $4, $5, $6, $7, $8) as attempt;

-- src/videos/parts/queries.ts: endPartSql
select darkroom.end_part($1, $2, $3, $4);

-- src/videos/parts/queries.ts: endJoinSql
select task_id, attempt from darkroom.end_join($1, $2);

-- src/videos/parts/queries.ts: carryProgressSql
select film_progress as id from darkroom.film_progress($1);

-- src/videos/parts/queries.ts: forgetPlansSql
delete from darkroom.film_plans p
where p.made_at < now() - interval '1 day' and not exists (
  select from darkroom.tasks t
  where t.id = p.task_id and (t.finished_at is null or t.finished_at > now() - interval '1 day')
);

-- src/videos/playback/queries.ts: findPlaybackSql
select
  $2::text = '0' or exists (select from darkroom.signing_keys k where k.kid = $2 and k.retired_at is null) as known,
  f.playback_epoch as epoch,
  (select max(p.duration)::float8 from darkroom.prints p where p.set_id = f.print_set_id) as duration
from (values (1)) one left join darkroom.films f on f.id = $1;

-- src/videos/playback/queries.ts: revokePlaybackSql
update darkroom.films set playback_epoch = playback_epoch + 1 where id = $1
returning playback_epoch as epoch;

-- src/videos/playback/visibility.ts: findFilmPlaybackSql
select playback from darkroom.films where id = $1;

-- src/videos/read/list.ts: searchVideosToOlderSql
with slice as materialized (
  select f.id, f.created_at, f.filename from darkroom.films f
  where (f.created_at, f.id) < ($1::timestamptz, $2::uuid) and f.created_at < $3 and f.created_at > $4
    and ($10::text is null or f.owner = $10)
  order by f.created_at desc, f.id desc
  limit $5
)
select
  (
    select coalesce(json_agg(
      json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
      order by created_at desc, id desc
    ), '[]')
    from (
      select s.id, s.created_at from slice s
      join darkroom.videos v on v.id = s.id
      where ($6::text is null or s.filename ilike $6)
        and ($7::text[] is null or v.status = any($7)) and v.status <> all($8::text[])
      order by s.created_at desc, s.id desc
      limit $9
    ) fits
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    from slice
    where (select count(*) from slice) = $5
    order by created_at asc, id asc limit 1
  ) as stop;

-- src/videos/read/list.ts: searchVideosToNewerSql
with slice as materialized (
  select f.id, f.created_at, f.filename from darkroom.films f
  where (f.created_at, f.id) > ($1::timestamptz, $2::uuid) and f.created_at < $3 and f.created_at > $4
    and ($10::text is null or f.owner = $10)
  order by f.created_at asc, f.id asc
  limit $5
)
select
  (
    select coalesce(json_agg(
      json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
      order by created_at asc, id asc
    ), '[]')
    from (
      select s.id, s.created_at from slice s
      join darkroom.videos v on v.id = s.id
      where ($6::text is null or s.filename ilike $6)
        and ($7::text[] is null or v.status = any($7)) and v.status <> all($8::text[])
      order by s.created_at asc, s.id asc
      limit $9
    ) fits
  ) as found,
  (
    select json_build_object('id', id, 'place', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    from slice
    where (select count(*) from slice) = $5
    order by created_at desc, id desc limit 1
  ) as stop;

-- src/videos/steer/change.ts: setPlaybackSql
select from darkroom.set_playback($1, $2);

-- src/videos/tasks/expire-originals.ts: expireOriginalsSql
with old as (
  select f.id from darkroom.films f
  where f.original_expired_at is null and f.created_at < now() - $1::float8 * interval '1 second'
    and exists (
      select from darkroom.print_sets s
      where s.id = f.print_set_id and s.made_at < now() - $1::float8 * interval '1 second'
    )
    and not exists (
      select from darkroom.tasks t where t.video_id = f.id and t.task = 'process_video' and t.finished_at is null
    )
  order by f.created_at limit 1000 for update of f skip locked
)
update darkroom.films f set original_expired_at = now() from old where f.id = old.id
returning f.id;

-- src/videos/tasks/expire-originals.ts: findExpiredOriginalsSql
select id from darkroom.films where original_expired_at > now() - interval '1 day';

-- src/watch/streams/history.ts: readHistoriesSql
select
    t.id, t.task, t.queue, t.state, t.name, t.description, t.priority, t.args, t.attempts, t.max_retries,
    t.result_expires, t.progress, t.progress_detail, t.error, t.eta, t.expires_at, t.created_at, t.started_at,
    t.finished_at, t.worker, t.tags, t.schedule_id, t.video_id, t.traceparent, t.created_by, t.owner,
  wanted.place, to_json(latest) as latest, missed.events,
  case when t.state = 'SUCCESS' and j.readable then j.output end as result,
  t.state = 'SUCCESS' and j.readable is not true as result_expired
from unnest($1::uuid[], $2::bigint[]) with ordinality wanted (id, after, place)
join darkroom.tasks t on t.id = wanted.id
left join lateral (
  select output, completed_on + deletion_seconds * interval '1 second' > now() as readable
  from pgboss.job where name = t.queue and id >= t.id and id <= t.id order by id limit 1
) j on true
left join lateral (
  select e.id, e.at, e.state,
    case when e.state = 'STARTED' then (
      select p.error from darkroom.events p where p.task_id = e.task_id and p.id < e.id order by p.id desc limit 1
    ) else e.error end as error
  from darkroom.events e
  where e.task_id = t.id
  order by e.id desc limit 1
) latest on true
cross join lateral (
  select coalesce(json_agg(e), '[]') as events
  from (
    select e.id, e.at, e.state,
      case when e.state = 'STARTED' then (
        select p.error from darkroom.events p where p.task_id = e.task_id and p.id < e.id order by p.id desc limit 1
      ) else e.error end as error
    from darkroom.events e
    where e.task_id = t.id and e.id > wanted.after
    order by e.id limit 200
  ) e
) missed;

-- src/webhooks/delivery/claim.ts: claimMessagesSql
with place as (
  select
    w.id, w.url, w.secret::text as secret, w.failing_since is not null as failing,
    case when w.old_secret_until > now() then w.old_secret::text end as old_secret,
    'result' = any(w.include) as wants_result, coalesce(room.slots, $3::int) as slots
  from darkroom.webhooks w
  left join unnest($1::uuid[], $2::int[]) as room (id, slots) on room.id = w.id
  where w.enabled and coalesce(room.slots, $3) > 0
), due as materialized (
  select m.row, place.url, place.secret, place.old_secret, place.failing, place.wants_result
  from place cross join lateral (
    select m.ctid as row from darkroom.webhook_messages m
    where m.webhook_id = place.id and m.next_at <= now() and (m.leased_until is null or m.leased_until <= now())
      and ($6::text[] is null or m.type = any($6))
      and (m.subject is null or not exists (
        select from darkroom.webhook_messages before
        where before.webhook_id = m.webhook_id and before.subject = m.subject and before.next_at is not null
          and before.sequence < m.sequence
      ))
    order by m.next_at, m.sequence limit place.slots for update of m skip locked
  ) m
  limit $4
), message as (
  update darkroom.webhook_messages m set lease = $5, leased_until = now() + interval '60 seconds'
  from due where m.ctid = due.row
  returning m.id, m.webhook_id, m.sequence, m.type, m.task_id, m.video_id, m.data::text, m.tries,
    to_char(m.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at, m.subject is not null as ordered,
    due.url, due.secret, due.old_secret, due.failing,
    case when due.wants_result and m.type = 'task.completed' then (
      select jsonb_build_object('value', j.output) from pgboss.job j
      where j.name = m.data ->> 'queue' and j.id >= m.task_id and j.id <= m.task_id
        and j.state = 'completed' and j.completed_on + j.deletion_seconds * interval '1 second' > now()
      limit 1
    ) end as result,
    m.traceparent
)
select * from message order by sequence;

-- src/webhooks/delivery/claim.ts: nextDueSql
select min(next.seconds) as next from darkroom.webhooks w cross join lateral (
  select extract(epoch from m.next_at - now())::float8 as seconds from darkroom.webhook_messages m
  where m.webhook_id = w.id and m.next_at > now() order by m.next_at limit 1
) next
where w.enabled;

-- src/webhooks/delivery/claim.ts: giveMessagesBackSql
update darkroom.webhook_messages m set lease = null, leased_until = null
from unnest($1::uuid[]) held (id) where m.id = any(array[held.id]) and m.lease = $2;

-- src/webhooks/delivery/settle.ts: settleMessagesSql
with told as (
  select * from json_to_recordset($1::json) as told (
    id uuid, at timestamptz, ms int, status int, error text, answer text, address text, delivered boolean, delay float8
  )
), message as (
  update darkroom.webhook_messages m set
    attempts = m.attempts + 1, tries = m.tries + 1, lease = null, leased_until = null,
    next_at = now() + told.delay * interval '1 second',
    delivered_at = case when told.delivered then now() end
  from told where m.id = any(array[told.id]) and m.lease = $2
  returning m.id, m.attempts, told.at, told.ms, told.status, told.error, told.answer, told.address
)
insert into darkroom.webhook_attempts (message_id, number, at, ms, status, error, answer, address)
select id, attempts, at, ms, status, error, answer, address from message;

-- src/webhooks/delivery/settle.ts: judgeWebhooksSql
with judged as (
  select * from jsonb_to_recordset($1::jsonb) as judged (id uuid, failures int, succeeded boolean, gone boolean)
), counted as (
  select
    w.id, judged.succeeded, judged.gone,
    case when succeeded then 0 else w.failures + judged.failures end as failures,
    case when not succeeded then coalesce(w.failing_since, now()) end as failing_since
  from judged join darkroom.webhooks w on w.id = any(array[judged.id]) and w.enabled
  for update of w
)
update darkroom.webhooks w set
  failures = counted.failures,
  failing_since = counted.failing_since,
  enabled = reason.why is null,
  disabled_reason = reason.why,
  disabled_at = case when reason.why is not null then now() end
from counted cross join lateral (
  select case
    when counted.gone then 'gone'
    when counted.failures >= 10 and counted.failing_since <= now() - interval '5 days' then 'failing'
  end
) reason (why)
where w.id = any(array[counted.id])
returning w.id, w.disabled_reason;

-- src/webhooks/delivery/standby.ts: isNeededSql
select not exists (select from darkroom.workers w where w.status = 'running' and w.heartbeat_at > now() - 10 * interval '1 second') and exists (
  select from darkroom.webhooks w join darkroom.webhook_messages m on m.webhook_id = w.id
  where w.enabled and m.next_at <= now() and m.type = any($1::text[])
) as needed;

-- src/webhooks/send-again.ts: replaySql
with wanted as (
  select m.id, m.created_at from darkroom.webhook_messages m
  where m.webhook_id = $1 and m.created_at >= $2 and m.created_at < coalesce($3::timestamptz, now())
    and m.next_at is null and ($4 or m.delivered_at is null)
  order by m.created_at, m.id limit 10000 for update of m skip locked
), again as (
  update darkroom.webhook_messages m set next_at = now(), tries = 0, delivered_at = null
  from wanted where m.id = any(array[wanted.id])
  returning m.created_at
)
select
  count(*)::int as replayed, case when count(*) = 10000 then max(created_at) end as continue_since,
  pg_notify('darkroom_webhooks', '') as woken
from again;

-- src/webhooks/send-again.ts: replayOneSql
with again as (
  update darkroom.webhook_messages m set next_at = now(), tries = 0, delivered_at = null
  where m.webhook_id = $1 and m.id = $2 and m.next_at is null
  returning m.id
)
select count(*)::int as replayed, null::timestamptz as continue_since, pg_notify('darkroom_webhooks', '') as woken
from again;

-- src/webhooks/send-again.ts: sendTestSql
with message as (
  insert into darkroom.webhook_messages (id, webhook_id, type, data)
  select $2, w.id, 'webhook.test', jsonb_build_object('id', w.id, 'message', 'This is a test') from darkroom.webhooks w
  where w.id = $1 and w.enabled
  returning id
)
select w.enabled, (select count(pg_notify('darkroom_webhooks', '')) from message) as woken
from darkroom.webhooks w where w.id = $1;

-- src/webhooks/tasks/expire-deliveries.ts: removeOldMessagesSql
with old as (
  select m.id from darkroom.webhook_messages m
  where m.id < (
    lpad(to_hex((extract(epoch from now() - $1::float8 * interval '1 second') * 1000)::bigint), 12, '0')
    || repeat('0', 20)
  )::uuid
  order by m.id limit 1000 for update skip locked
), attempt as (
  delete from darkroom.webhook_attempts a using old where a.message_id = any(array[old.id])
)
delete from darkroom.webhook_messages m using old where m.id = any(array[old.id]);

-- src/webhooks/tasks/expire-deliveries.ts: removeMessagesOfNoneSql
with recursive known as (
  (select webhook_id from darkroom.webhook_messages order by webhook_id limit 1)
  union all
  select next.webhook_id from known cross join lateral (
    select m.webhook_id from darkroom.webhook_messages m
    where m.webhook_id > known.webhook_id order by m.webhook_id limit 1
  ) next
), gone as (
  select webhook_id from known where not exists (select from darkroom.webhooks w where w.id = known.webhook_id)
), old as (
  select m.id from gone cross join lateral (
    select id from darkroom.webhook_messages m where m.webhook_id = gone.webhook_id limit 1000
  ) m limit 1000
), attempt as (
  delete from darkroom.webhook_attempts a using old where a.message_id = any(array[old.id])
)
delete from darkroom.webhook_messages m using old where m.id = any(array[old.id]);

-- src/workers/list.ts: listWorkersSql
select
  w.id, w.host, w.pid, w.version, w.queues, w.kinds, w.inline_kinds, w.concurrency, w.children, w.paused_at is not null as paused,
  w.shutdown, case when silent.since is null then w.status else 'lost' end as status, w.started_at, w.heartbeat_at,
  greatest(0, extract(epoch from now() - w.heartbeat_at)::float8) as heartbeat_age,
  coalesce(w.stopped_at, silent.since) as stopped_at, w.tasks, w.memory, w.cpu,
  w.media_sandbox
from darkroom.workers w
cross join lateral (
  select case when w.status = 'running' and w.heartbeat_at < now() - lease then w.heartbeat_at + lease end as since
  from (values (10 * interval '1 second')) silence (lease)
) silent
where $1::uuid is null and (
  w.status = 'running' or w.id in (
    select id from darkroom.workers where status <> 'running' order by started_at desc, id desc limit 500
  )
) or w.id = $1
order by w.started_at desc, w.id desc;

-- src/workers/list.ts: listRunningSql
select worker, id as task_id, task, queue, attempts as attempt, started_at
from darkroom.tasks
where state = 'STARTED' and worker = any($1::uuid[])
order by started_at, id;

-- src/workers/sandboxes.ts: findSandboxesSql
select w.id, w.host, w.pid, w.started_at, w.media_sandbox as sandbox, w.withheld_kinds as withheld
from darkroom.workers w
where w.status = 'running' and w.heartbeat_at > now() - 10 * interval '1 second' and w.media_sandbox is not null
order by w.started_at, w.id;

-- src/workers/steer.ts: steerWorkerSql
update darkroom.workers set
  concurrency = coalesce($2, concurrency),
  paused_at = case when $3::bool is null then paused_at when $3 then coalesce(paused_at, now()) end
where id = $1 and status = 'running' and heartbeat_at > now() - 10 * interval '1 second';

-- src/workers/steer.ts: shutDownWorkerSql
update darkroom.workers set shutdown = case when shutdown = 'cold' then shutdown else $2 end
where id = $1 and status = 'running' and heartbeat_at > now() - 10 * interval '1 second';

-- src/workers/tasks/forget-workers.ts: removeWorkersSql
delete from darkroom.workers where status <> 'running' and stopped_at < now() - interval '1 day';
