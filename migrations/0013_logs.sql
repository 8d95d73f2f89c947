-- What running attempts say. Unlogged and apart from the ledger: a line that is lost costs no task, and no transaction
-- that settles one waits for it.
create unlogged table darkroom.attempt_logs (
  task_id uuid not null,
  attempt int not null,
  said bigint not null,
  tail text not null,
  at timestamptz not null default now(),

  primary key (task_id, attempt)
) with (fillfactor = 50);

create index attempt_logs_old on darkroom.attempt_logs (at);

comment on table darkroom.attempt_logs is 'The last that attempts of more than a second have logged and printed, written each second by their workers; the end of it stays in darkroom.attempts, and the row goes after an hour';
comment on column darkroom.attempt_logs.said is 'Characters since the attempt began';
comment on column darkroom.attempt_logs.tail is 'The last 8,192 of them';
comment on column darkroom.attempt_logs.at is 'When its worker wrote it';
