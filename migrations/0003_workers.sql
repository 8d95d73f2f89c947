-- A worker is seen and steered by its row: it writes what it is doing with each heartbeat, and reads what it is to do
-- with the same statement. Whoever steers it changes concurrency, paused_at or shutdown.
alter table darkroom.workers
  add column machine text not null default '',
  add column pools jsonb not null default '{}',
  add column children int not null default 0,
  add column paused_at timestamptz,
  add column shutdown text constraint workers_shutdown check (shutdown in ('warm', 'cold')),
  add column tasks jsonb not null default '{}',
  add column memory bigint,
  add column cpu real,
  add constraint workers_concurrency check (concurrency between 1 and 256);

-- The host used to be the machine.
update darkroom.workers set machine = host, host = split_part(host, ' ', 1);

comment on column darkroom.workers.id is 'A process that was held to be dead and comes back has a new one';
comment on column darkroom.workers.host is 'Name of the host or container that it runs on';
comment on column darkroom.workers.machine is 'Where its pid means something: host name, boot and process namespace';
comment on column darkroom.workers.pid is 'Process id, in the namespace of its machine';
comment on column darkroom.workers.version is 'Of Darkroom';
comment on column darkroom.workers.queues is 'What it takes tasks from';
comment on column darkroom.workers.pools is 'The kinds of task that it knows, by where their bodies run: {"child": […], "inline": […]}';
comment on column darkroom.workers.concurrency is 'How many attempts it is to run side by side; to be changed while it runs';
comment on column darkroom.workers.children is 'Child processes that it had at its last heartbeat; more than its concurrency until those end that are too many';
comment on column darkroom.workers.paused_at is 'Since when it is to take nothing new; null while it may';
comment on column darkroom.workers.shutdown is 'How it is to end: warm once everything has ended that it runs, cold at once; null while it is to stay';
comment on column darkroom.workers.tasks is 'How many of the attempts that it took have begun and how those ended that are over, since started_at';
comment on column darkroom.workers.memory is 'Bytes that it and everything below it held at its last heartbeat';
comment on column darkroom.workers.cpu is 'Cores that it and everything below it kept busy between its last two heartbeats';
comment on column darkroom.workers.status is 'lost: it went silent, and its tasks were handed on';
comment on column darkroom.workers.started_at is 'When it began to take tasks under this id';
comment on column darkroom.workers.heartbeat_at is 'When it last showed itself; silent for 10 seconds it is held to be dead';
comment on column darkroom.workers.stopped_at is 'When it ended, or was found dead; a day later the row goes';
