-- Schedules make tasks; occurrences say what became of each moment at which one should have. All arithmetic of local
-- times happens in Node: the time zones of Postgres may be older or newer, so no statement says `at time zone` here.

create table darkroom.schedules (
  id uuid primary key,
  name text not null constraint schedules_name unique check (length(name) between 1 and 200),
  task text not null,
  args jsonb not null default '{}',
  queue text,
  priority smallint constraint schedules_priority check (priority between 0 and 9),
  options jsonb not null default '{}',
  template jsonb not null default '{}',

  cron text,
  every double precision constraint schedules_every check (every >= 1),
  at timestamptz,
  timezone text not null default 'UTC',
  start_at timestamptz,
  end_at timestamptz,
  jitter double precision not null default 0 constraint schedules_jitter check (jitter >= 0),

  enabled boolean not null default true,
  one_off boolean not null default false,
  missed text not null default 'skip' constraint schedules_missed check (missed in ('skip', 'once', 'all')),
  missed_max int not null default 100 constraint schedules_missed_max check (missed_max between 1 and 500),
  overlap text not null default 'allow' constraint schedules_overlap check (overlap in ('allow', 'skip')),

  description text,
  note text,
  tags text[] not null default '{}',
  system boolean not null default false,

  -- Whole milliseconds, as the clock of Node has them.
  created_at timestamptz not null default date_trunc('milliseconds', now()),
  updated_at timestamptz not null default now(),
  disabled_at timestamptz,

  next_run_at timestamptz,
  planned_at timestamptz,
  armed_for timestamptz,
  tzdata text,
  refusal text,

  last_run_at timestamptz,
  last_task_id uuid,
  total_run_count bigint not null default 0,
  total_skipped bigint not null default 0,

  constraint schedules_timing check (num_nonnulls(cron, every, at) = 1),
  constraint schedules_disabled check (enabled or disabled_at is not null),
  constraint schedules_next check (enabled or next_run_at is null)
) with (fillfactor = 80);

-- Overdue schedules, for the case that an alarm was lost.
create index schedules_next on darkroom.schedules (next_run_at) where next_run_at is not null;
-- Schedules that a worker has to plan or to give an alarm.
create index schedules_unarmed on darkroom.schedules (id)
  where enabled and (planned_at is null or armed_for is distinct from next_run_at);
create index schedules_newest on darkroom.schedules (created_at desc, id desc);
-- Schedules that a worker has disabled, for the list of problems.
create index schedules_refused on darkroom.schedules (id) where refusal is not null and not enabled;

comment on table darkroom.schedules is 'What makes tasks periodically. A worker plans the next moment and puts a job into the queue due for it, the alarm';
comment on column darkroom.schedules.name is 'Unique; names the schedule for people, CLI and SQL';
comment on column darkroom.schedules.task is 'Kind of the tasks that it makes';
comment on column darkroom.schedules.args is 'Arguments of its tasks';
comment on column darkroom.schedules.queue is 'Queue of its tasks; null: that of the kind';
comment on column darkroom.schedules.priority is 'Priority of its tasks; null: that of the kind';
comment on column darkroom.schedules.options is 'Further options of a submission: expires, max_retries, time_limit, …';
comment on column darkroom.schedules.template is 'A task as it was made when the schedule was saved; used where the worker that fires does not know the kind';
comment on column darkroom.schedules.cron is 'Exactly one of cron, every and at is set';
comment on column darkroom.schedules.every is 'Seconds; it is due at start_at (else created_at) + n * every';
comment on column darkroom.schedules.at is 'The one moment at which it is due';
comment on column darkroom.schedules.timezone is 'In which its cron expression is read';
comment on column darkroom.schedules.start_at is 'Not due before; inclusive';
comment on column darkroom.schedules.end_at is 'Not due after; inclusive; the schedule is disabled then';
comment on column darkroom.schedules.jitter is 'Seconds; a delay up to this, fixed for each schedule, is added to every occurrence';
comment on column darkroom.schedules.enabled is 'Whether it makes tasks';
comment on column darkroom.schedules.one_off is 'It is disabled after its first task';
comment on column darkroom.schedules.missed is 'What becomes of occurrences that are more than 60 s late: skip, one task for all of them (once), or a task for each (all)';
comment on column darkroom.schedules.missed_max is 'Most tasks at a time for missed: all; the newest ones';
comment on column darkroom.schedules.overlap is 'skip: no task while its last one is unfinished';
comment on column darkroom.schedules.description is 'What it is for';
comment on column darkroom.schedules.note is 'Why it is as it is: for people';
comment on column darkroom.schedules.tags is 'Tags of its tasks';
comment on column darkroom.schedules.system is 'Darkroom''s own house-keeping: adjustable, cannot be deleted';
comment on column darkroom.schedules.created_at is 'Also where the grid of every begins';
comment on column darkroom.schedules.updated_at is 'Last change of its settings';
comment on column darkroom.schedules.disabled_at is 'Since when it is disabled; of an enabled one, since when it was: a worker writes down what it skipped';
comment on column darkroom.schedules.next_run_at is 'The next moment at which it is due; null: none, or not planned yet';
comment on column darkroom.schedules.planned_at is 'When next_run_at was computed; set to null to have a worker compute it again';
comment on column darkroom.schedules.armed_for is 'The next_run_at for which the queue due holds an alarm';
comment on column darkroom.schedules.tzdata is 'Version of the time zone data with which next_run_at was computed';
comment on column darkroom.schedules.refusal is 'Why a worker disabled a schedule that SQL had written';
comment on column darkroom.schedules.last_run_at is 'When it last made a task';
comment on column darkroom.schedules.last_task_id is 'The task that it made last';
comment on column darkroom.schedules.total_run_count is 'Tasks that it has made';
comment on column darkroom.schedules.total_skipped is 'Occurrences that made no task';

-- The primary key makes one task of an occurrence, whatever happens to clocks, alarms and workers.
create table darkroom.occurrences (
  schedule_id uuid not null constraint occurrences_schedule references darkroom.schedules on delete cascade,
  due_at timestamptz not null,
  outcome text not null constraint occurrences_outcome check (outcome in ('fired', 'skipped', 'coalesced')),
  reason text constraint occurrences_reason
    check (reason in ('overlap', 'missed', 'too_many', 'paused', 'queue_gone')),
  task_id uuid,
  decided_at timestamptz not null default clock_timestamp(),
  manual boolean not null default false,
  until timestamptz,
  count int not null default 1 constraint occurrences_count check (count >= 1),

  primary key (schedule_id, due_at),
  constraint occurrences_fired check ((task_id is not null) = (outcome = 'fired'))
);

create index occurrences_oldest on darkroom.occurrences (decided_at);

comment on table darkroom.occurrences is 'What became of each moment at which a schedule was due';
comment on column darkroom.occurrences.due_at is 'When it was due; of a run by hand, when it was asked for';
comment on column darkroom.occurrences.outcome is 'fired (made a task), skipped, or coalesced (a later one stands for it)';
comment on column darkroom.occurrences.reason is 'Why it made no task: overlap (the last one was unfinished), missed (more than 60 s late), too_many (beyond missed_max), paused (the schedule was disabled), queue_gone';
comment on column darkroom.occurrences.task_id is 'The task that it made; where the reason is overlap, null';
comment on column darkroom.occurrences.decided_at is 'When a worker decided; later than due_at by how late it was';
comment on column darkroom.occurrences.manual is 'Asked for by a request: run now, or backfill';
comment on column darkroom.occurrences.until is 'Last of the occurrences that this row stands for, where it stands for several';
comment on column darkroom.occurrences.count is 'Occurrences that this row stands for';

-- Schedules that stand in task modules, as their text was at the last start.
create table darkroom.declared_schedules (
  name text primary key,
  schedule_id uuid not null,
  declaration jsonb not null,
  file text not null,
  kind text not null,
  declared_at timestamptz not null default now(),
  gone_at timestamptz
);

comment on table darkroom.declared_schedules is 'Schedules of task modules: what the module said last. A change by API stays until this text changes; a deleted one stays deleted';
comment on column darkroom.declared_schedules.schedule_id is 'The schedule that it became; deleted by API where darkroom.schedules has it no more';
comment on column darkroom.declared_schedules.declaration is 'As the module states it';
comment on column darkroom.declared_schedules.file is 'The module; built-in for house-keeping';
comment on column darkroom.declared_schedules.kind is 'Kind beside which it stands';
comment on column darkroom.declared_schedules.gone_at is 'Since when the module does not state it any more; the schedule was disabled then';

-- The tasks of a schedule, newest first.
create index tasks_by_schedule on darkroom.tasks (schedule_id, created_at desc) where schedule_id is not null;

-- Alarms: jobs of the queue due, which have a table of their own as delayed tasks do.
do $$
declare
  due text := (select table_name from pgboss.queue where name = 'due');
begin
  execute format('create index darkroom_alarms on pgboss.%I (start_after) where state < %L', due, 'active');
end;
$$;
