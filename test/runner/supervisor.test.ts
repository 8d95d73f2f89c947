import t from 'tap'
import { administer } from '../harness/seat.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'
import { spawnWorker } from '../harness/worker-process.ts'

t.test('pg-boss is supervised in a thread that is replaced when it dies, and ends with its worker', async t => {
  const service = await openService(t)
  const url = service.env.DATABASE_URL!
  await administer(
    url,
    `create function turn_away() returns event_trigger language plpgsql as $$ begin
      if current_setting('application_name') = 'darkroom worker supervisor' then
        raise 'the supervisor is turned away';
      end if;
    end $$;
    create event trigger turn_away on login execute function turn_away()`
  )

  const worker = await spawnWorker(t, service)
  await worker.heard('the supervisor of pg-boss failed; restarting')
  t.match(await service.finished(await service.submit('add', { x: 1, y: 2 })), { result: 3 }, 'tasks run without it')
  await administer(url, 'drop event trigger turn_away')

  await until(
    async () => (await service.db.pool.query('select cron_on from pgboss.version')).rows[0].cron_on,
    'pg-boss looks for schedules that are due'
  )
  worker.kill('SIGTERM')
  t.strictSame(await worker.exited, { code: 0, signal: null })
})
