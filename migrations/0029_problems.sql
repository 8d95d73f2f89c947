-- Problems over time. One API or worker at a time looks at what is wrong (darkroom.problem_turn), and writes here what
-- stands, what is gone, and in the same transaction the messages to webhooks: so a restart tells nothing twice.
create table darkroom.problems (
  id uuid primary key,
  code text not null,
  subject_type text not null,
  subject_id text not null,
  sentence text not null,
  severity text not null constraint problems_severity check (severity in ('critical', 'warning', 'notice')),
  since timestamptz,
  actions jsonb not null,
  first_seen_at timestamptz not null,
  severity_at timestamptz not null,
  last_seen_at timestamptz not null,
  opened_at timestamptz,
  gone_at timestamptz,
  closed_at timestamptz,
  told_at timestamptz,
  told_severity text constraint problems_told_severity check (told_severity in ('critical', 'warning', 'notice')),
  flaps int not null default 0,

  constraint problems_closed check (closed_at is null or (opened_at is not null and gone_at is not null))
);
create unique index problems_standing on darkroom.problems (code, subject_type, subject_id) where closed_at is null;
create index problems_listed on darkroom.problems (opened_at desc, id desc) where opened_at is not null;
create index problems_ended on darkroom.problems (closed_at) where closed_at is not null;

comment on table darkroom.problems is 'Problems: what stands, open or not yet, and what was, for HISTORY_EXPIRES';
comment on column darkroom.problems.id is 'Id';
comment on column darkroom.problems.code is 'Which problem';
comment on column darkroom.problems.subject_type is 'queue, kind, worker, schedule, …';
comment on column darkroom.problems.subject_id is 'Its id or name';
comment on column darkroom.problems.sentence is 'What is wrong and what mends it, as last seen';
comment on column darkroom.problems.severity is 'How bad it is, as last seen';
comment on column darkroom.problems.since is 'Since when, as far as that is known';
comment on column darkroom.problems.actions is 'Requests that mend it';
comment on column darkroom.problems.first_seen_at is 'Since when it stands; until it opens, without a gap';
comment on column darkroom.problems.severity_at is 'Since when it is as bad as that';
comment on column darkroom.problems.last_seen_at is 'When it was there last';
comment on column darkroom.problems.opened_at is 'When it had stood for long enough; null: not yet';
comment on column darkroom.problems.gone_at is 'Since when it is not there any more; null: it is';
comment on column darkroom.problems.closed_at is 'When it had been gone for long enough';
comment on column darkroom.problems.told_at is 'When webhooks were told last that it is open; null: they were not';
comment on column darkroom.problems.told_severity is 'How bad it was then';
comment on column darkroom.problems.flaps is 'How often it has come back, within an hour each time';

create table darkroom.problem_turn (
  one boolean primary key default true constraint problem_turn_one check (one),
  looker uuid,
  next_look_at timestamptz not null default '-infinity'
);
insert into darkroom.problem_turn default values;
comment on table darkroom.problem_turn is 'Which API or worker looks at problems; one row';
comment on column darkroom.problem_turn.one is 'Always true';
comment on column darkroom.problem_turn.looker is 'That process';
comment on column darkroom.problem_turn.next_look_at is 'When it is to look again; another one takes over a while after that';

create table darkroom.problem_silences (
  id uuid primary key,
  code text not null,
  subject_type text,
  subject_id text,
  until timestamptz not null,
  reason text,
  created_by text,
  created_at timestamptz not null default now(),

  constraint problem_silences_subject check ((subject_type is null) = (subject_id is null))
);
create unique index problem_silences_once
  on darkroom.problem_silences (code, coalesce(subject_type, ''), coalesce(subject_id, ''));
create index problem_silences_ended on darkroom.problem_silences (until);

comment on table darkroom.problem_silences is 'Problems that webhooks are not told of, until a time';
comment on column darkroom.problem_silences.id is 'Id';
comment on column darkroom.problem_silences.code is 'Which problem';
comment on column darkroom.problem_silences.subject_type is 'Only of this subject; null: of any';
comment on column darkroom.problem_silences.subject_id is 'Its id or name';
comment on column darkroom.problem_silences.until is 'When it ends';
comment on column darkroom.problem_silences.reason is 'Why, for people';
comment on column darkroom.problem_silences.created_by is 'Who asked for it';
comment on column darkroom.problem_silences.created_at is 'When it was asked for';

-- A webhook is not told of itself: it does not take messages. One for certain queues is not told of other ones.
create function darkroom.tell_problem(type text, problem darkroom.problems, more jsonb) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform darkroom.tell_webhooks(
    $1, problem.id, case problem.subject_type when 'queue' then problem.subject_id end, null, null,
    jsonb_build_object(
      'id', problem.id, 'code', problem.code, 'sentence', left(problem.sentence, 2000), 'severity', problem.severity,
      'subject', jsonb_build_object('type', problem.subject_type, 'id', problem.subject_id),
      'since', problem.since, 'opened_at', problem.opened_at, 'actions', problem.actions, 'flaps', problem.flaps
    ) || more
  );
  if problem.subject_type = 'webhook' then
    delete from darkroom.webhook_messages m
    where m.webhook_id::text = problem.subject_id and m.type = $1 and m.data ->> 'id' = problem.id::text
      and m.created_at = now();
  end if;
end;
$$;
comment on function darkroom.tell_problem(text, darkroom.problems, jsonb) is 'Writes the messages about a problem that opened, got worse or closed';

create view ops.problems as
select
  p.id, p.code, p.sentence, p.severity, p.since, p.subject_type, p.subject_id,
  case when p.closed_at is null then 'open' else 'closed' end as state,
  p.opened_at, p.last_seen_at, p.gone_at, p.closed_at,
  extract(epoch from coalesce(p.gone_at, now()) - p.opened_at)::float8 as seconds,
  p.flaps, p.told_at,
  (
    select max(s.until) from darkroom.problem_silences s
    where p.closed_at is null and s.code = p.code and s.until > now()
      and (s.subject_type is null or (s.subject_type = p.subject_type and s.subject_id = p.subject_id))
  ) as silenced_until,
  p.actions
from darkroom.problems p
where p.opened_at is not null;
comment on view ops.problems is 'Problems that have stood for long enough to be told of: open ones, and those that were, for HISTORY_EXPIRES';
comment on column ops.problems.id is 'Id';
comment on column ops.problems.code is 'Which problem, such as queue_paused';
comment on column ops.problems.sentence is 'What is wrong and what mends it, as last seen';
comment on column ops.problems.severity is 'critical, warning or notice, as last seen';
comment on column ops.problems.since is 'Since when, as far as that is known';
comment on column ops.problems.subject_type is 'queue, kind, worker, schedule, …';
comment on column ops.problems.subject_id is 'Its id or name';
comment on column ops.problems.state is 'open or closed';
comment on column ops.problems.opened_at is 'When it had stood for long enough';
comment on column ops.problems.last_seen_at is 'When it was there last';
comment on column ops.problems.gone_at is 'Since when it is not there any more; an open one closes once that is long enough ago';
comment on column ops.problems.closed_at is 'When it closed';
comment on column ops.problems.seconds is 'For how long it was open, or is';
comment on column ops.problems.flaps is 'How often it has come back, within an hour each time';
comment on column ops.problems.told_at is 'When webhooks were told last that it is open; null: they were not';
comment on column ops.problems.silenced_until is 'Until when webhooks are not told of it';
comment on column ops.problems.actions is 'Requests that mend it';
