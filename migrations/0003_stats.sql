-- Charts. Workers add up in memory what became of attempts, and write it with their heartbeats. Creations and
-- cancellations come from anywhere, also from SQL: triggers note them in darkroom.uncounted, which one process at a
-- time adds to the minutes. Nothing here is the truth about a task: a crash may lose seconds of a chart.

create table darkroom.minutes (
  minute timestamptz not null,
  task text not null,
  queue text not null,
  created int not null default 0,
  started int not null default 0,
  succeeded int not null default 0,
  failed int not null default 0,
  retried int not null default 0,
  cancelled int not null default 0,
  wait_hist int[] not null default '{}',
  run_hist int[] not null default '{}',

  primary key (minute, task, queue)
) with (fillfactor = 50);

comment on table darkroom.minutes is 'What happened in each minute, by kind and queue, for 48 hours; rows are seconds late, and a crash may lose some of their counts';
comment on column darkroom.minutes.minute is 'Its beginning, by the clock of the database';
comment on column darkroom.minutes.task is 'Kind';
comment on column darkroom.minutes.queue is 'Queue';
comment on column darkroom.minutes.created is 'Tasks submitted: by HTTP, SQL, a program or a schedule';
comment on column darkroom.minutes.started is 'Bodies started';
comment on column darkroom.minutes.succeeded is 'Tasks that became SUCCESS';
comment on column darkroom.minutes.failed is 'Tasks that became FAILURE';
comment on column darkroom.minutes.retried is 'Attempts after which the task became RETRY, those handed back included';
comment on column darkroom.minutes.cancelled is 'Tasks that became REVOKED, for whatever reason';
comment on column darkroom.minutes.wait_hist is 'Starts by how long the task had been due, in 21 buckets: 1 below 2 ms, n from 2^(n-1) ms to below 2^n, 21 from 2^20 ms (17.5 min); empty where there are none';
comment on column darkroom.minutes.run_hist is 'Ended attempts by how long their bodies ran, in the same buckets';

create table darkroom.hours (
  hour timestamptz not null,
  task text not null,
  queue text not null,
  created int not null default 0,
  started int not null default 0,
  succeeded int not null default 0,
  failed int not null default 0,
  retried int not null default 0,
  cancelled int not null default 0,
  wait_hist int[] not null default '{}',
  run_hist int[] not null default '{}',

  primary key (hour, task, queue)
);

comment on table darkroom.hours is 'Sums of darkroom.minutes, for HISTORY_EXPIRES';
comment on column darkroom.hours.hour is 'Its beginning';
comment on column darkroom.hours.task is 'Kind';
comment on column darkroom.hours.queue is 'Queue';
comment on column darkroom.hours.created is 'As in darkroom.minutes';
comment on column darkroom.hours.started is 'As in darkroom.minutes';
comment on column darkroom.hours.succeeded is 'As in darkroom.minutes';
comment on column darkroom.hours.failed is 'As in darkroom.minutes';
comment on column darkroom.hours.retried is 'As in darkroom.minutes';
comment on column darkroom.hours.cancelled is 'As in darkroom.minutes';
comment on column darkroom.hours.wait_hist is 'As in darkroom.minutes';
comment on column darkroom.hours.run_hist is 'As in darkroom.minutes';

create table darkroom.queue_minutes (
  minute timestamptz not null,
  queue text not null,
  depth int not null,
  oldest float8 not null,
  running int not null,
  next_sample_at timestamptz not null,

  primary key (minute, queue)
) with (fillfactor = 50);

comment on table darkroom.queue_minutes is 'The fullest moment of each queue in each minute, for 48 hours; one process of all samples the queues every 10 seconds, less often where that takes long';
comment on column darkroom.queue_minutes.minute is 'Its beginning, by the clock of the database';
comment on column darkroom.queue_minutes.queue is 'Queue';
comment on column darkroom.queue_minutes.depth is 'Most tasks that waited and could run';
comment on column darkroom.queue_minutes.oldest is 'Longest time that one of them had waited, in seconds; 0 where none waited';
comment on column darkroom.queue_minutes.running is 'Most bodies that ran';
comment on column darkroom.queue_minutes.next_sample_at is 'No process samples again before this';

create table darkroom.queue_hours (
  hour timestamptz not null,
  queue text not null,
  depth int not null,
  oldest float8 not null,
  running int not null,

  primary key (hour, queue)
);

comment on table darkroom.queue_hours is 'The largest values of darkroom.queue_minutes, for HISTORY_EXPIRES';
comment on column darkroom.queue_hours.hour is 'Its beginning';
comment on column darkroom.queue_hours.queue is 'Queue';
comment on column darkroom.queue_hours.depth is 'As in darkroom.queue_minutes';
comment on column darkroom.queue_hours.oldest is 'As in darkroom.queue_minutes';
comment on column darkroom.queue_hours.running is 'As in darkroom.queue_minutes';

-- Only ever inserted into and emptied, so that no two submissions wait for each other. Unlogged: a crash of Postgres
-- loses seconds of a chart, and submissions write no log for it.
create unlogged table darkroom.uncounted (
  minute timestamptz not null,
  task text not null,
  queue text not null,
  created int not null default 0,
  cancelled int not null default 0,
  succeeded int not null default 0,
  failed int not null default 0
);

comment on table darkroom.uncounted is 'Creations and cancellations, and ends of films that are made in parts, that are added to darkroom.minutes within seconds';
comment on column darkroom.uncounted.minute is 'When it happened';
comment on column darkroom.uncounted.task is 'Kind';
comment on column darkroom.uncounted.queue is 'Queue';
comment on column darkroom.uncounted.created is 'Tasks that one statement submitted';
comment on column darkroom.uncounted.cancelled is 'Tasks that one statement revoked';
comment on column darkroom.uncounted.succeeded is 'Films whose last part ended well; other successes are counted by their workers';
comment on column darkroom.uncounted.failed is 'Films of which a part failed; other failures are counted by their workers';

-- Once a statement, however many tasks it inserts. As its owner: a role that may submit needs no right to the charts.
create function darkroom.note_created() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into darkroom.uncounted (minute, task, queue, created)
  select date_trunc('minute', now(), 'UTC'), task, queue, count(*) from new_tasks group by task, queue;
  return null;
end;
$$;
comment on function darkroom.note_created() is 'Notes how many tasks a statement has inserted';

create trigger note_created after insert on darkroom.tasks
  referencing new table as new_tasks for each statement execute function darkroom.note_created();

-- Every revocation writes an event, and an event is never updated. Once a statement: for each row it took a tenth of
-- the time of cancelling many.
create function darkroom.note_cancelled() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from new_events where state = 'REVOKED') then
    insert into darkroom.uncounted (minute, task, queue, cancelled)
    select date_trunc('minute', now(), 'UTC'), t.task, t.queue, count(*)
    from new_events e join darkroom.tasks t on t.id = any(array[e.task_id])
    where e.state = 'REVOKED' group by t.task, t.queue;
  end if;
  return null;
end;
$$;
comment on function darkroom.note_cancelled() is 'Notes how many tasks a statement has revoked';

create trigger note_cancelled after insert on darkroom.events
  referencing new table as new_events for each statement execute function darkroom.note_cancelled();

-- Histograms ----------------------------------------------------------------------------------------------------------

create function darkroom.add_hists(a int[], b int[]) returns int[]
language plpgsql immutable strict parallel safe as $$
begin
  if cardinality(a) = 0 then
    return b;
  end if;
  for n in 1 .. cardinality(b) loop
    a[n] := coalesce(a[n], 0) + b[n];
  end loop;
  return a;
end;
$$;
comment on function darkroom.add_hists(int[], int[]) is 'Sum of two histograms, bucket by bucket';

create aggregate darkroom.sum_hists(int[]) (
  sfunc = darkroom.add_hists, stype = int[], initcond = '{}', combinefunc = darkroom.add_hists, parallel = safe
);
comment on aggregate darkroom.sum_hists(int[]) is 'Sum of histograms, bucket by bucket';

create function darkroom.percentile_of(hist int[], p float8) returns float8
language plpgsql immutable strict parallel safe as $$
declare
  total float8 := 0;
  below float8 := 0;
  rank float8;
begin
  for n in 1 .. cardinality(hist) loop
    total := total + hist[n];
  end loop;
  rank := total * least(greatest(p, 0), 1);
  for n in 1 .. cardinality(hist) loop
    if hist[n] > 0 and below + hist[n] >= rank then
      -- Within a bucket the values are taken to be evenly spread.
      return (case n when 1 then 2 else 2 ^ (n - 1) end * (rank - below) / hist[n]
        + case n when 1 then 0 else 2 ^ (n - 1) end) / 1000;
    end if;
    below := below + hist[n];
  end loop;
  return null;
end;
$$;
comment on function darkroom.percentile_of(int[], float8) is 'Percentile of a histogram in seconds, p from 0 to 1: percentile_of(run_hist, 0.95); exact to its bucket. Null where it is empty';
