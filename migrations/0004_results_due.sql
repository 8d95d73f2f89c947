-- "Whose results are over?" is asked each minute. On the table of all queues, so that each has it, those too that get a
-- table of their own later. In UTC, because an index takes no time whose meaning depends on a session's time zone.
create index darkroom_results_due
  on pgboss.job (name, ((completed_on at time zone 'UTC') + deletion_seconds * interval '1 second'))
  where state >= 'completed';
