comment on column darkroom.tasks.priority is 'As it was asked for, 9 before 0; what waits is taken by pgboss.job.priority, so change that';
comment on column darkroom.tasks.queue is 'Where it waits or ran; to move one that waits, change pgboss.job.name, which takes this along';
comment on column darkroom.tasks.state is 'Follows the job in the same transaction; where only one of the two is changed, the task is revoked as job_gone, unless its attempt ends first';
comment on column darkroom.tasks.expires_at is 'When it must have started, else it is revoked; looked at when its turn comes, and by darkroom.deadlines at that time';
comment on table darkroom.deadlines is 'When to look at a task''s expires_at, which decides; a row goes when its time has come';
