import type { Cluster } from './cluster.ts'

/**
 * Has triggers check each commit for a task and a job that disagree: polling would miss states that last for moments.
 */
export async function stretchTripwires({ insist }: Cluster) {
  await insist(`
    create schema chaos;
    create table chaos.tripped (at timestamptz not null default clock_timestamp(), task_id uuid, what text);

    create function chaos.look() returns trigger language plpgsql as $$
    begin
      insert into chaos.tripped (task_id, what)
      select t.id, format('the task was %s and its job %s', t.state, coalesce(j.state::text, 'nowhere'))
      from darkroom.tasks t
      left join pgboss.job j on j.name in (t.queue, 'delayed') and j.id = t.id
      where t.id = new.id and t.state is distinct from case j.state
        when 'created' then 'PENDING' when 'active' then 'STARTED' when 'retry' then 'RETRY'
        when 'completed' then 'SUCCESS' when 'failed' then 'FAILURE' when 'cancelled' then 'REVOKED'
      end;

      insert into chaos.tripped (task_id, what)
      select t.id, format('attempt %s showed the progress of attempt %s', t.attempts, t.progress_detail ->> 'attempt')
      from darkroom.tasks t
      where t.id = new.id and (t.progress_detail ->> 'attempt')::int <> t.attempts;
      return null;
    end $$;

    create constraint trigger chaos_look after insert or update on darkroom.tasks
      deferrable initially deferred for each row execute function chaos.look();

    do $$
    declare
      part regclass;
    begin
      -- Postgres has no constraint triggers on partitioned tables.
      for part in select inhrelid from pg_inherits where inhparent = 'pgboss.job'::regclass loop
        execute format(
          'create constraint trigger chaos_look after insert or update on %s
            deferrable initially deferred for each row execute function chaos.look()', part);
      end loop;
    end $$`)
}
