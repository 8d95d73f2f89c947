import pg from 'pg'
import { bundlePackages } from '../../src/bundle/packages.ts'
import { findEmbedded, openEmbedded } from '../../src/database/embedded.ts'
import { migrate } from '../../src/migrate.ts'
import { home, rememberUrls, template, urlOf } from './cluster.ts'

/** Runs once before all test files. Postgres stays behind for them; `after.ts` stops it. */
const { url } = await openEmbedded({ dataDir: home, log: () => {}, durable: false })
const admin = (await findEmbedded(home, 'superuser'))!
await rememberUrls({ owner: url, superuser: admin })

const superuser = new pg.Client({ connectionString: admin })
await superuser.connect()
// Left by an interrupted run.
const { rows } = await superuser.query(`select datname from pg_database where datname like 'test\\_%'`)
for (const { datname } of [...rows, { datname: template }])
  await superuser.query(`drop database if exists ${pg.escapeIdentifier(datname)} with (force)`)
await superuser.query(`create database ${template} owner darkroom`)
// By the kernel, without reading the pages, in half the CPU: a run copies the template a thousand times.
await superuser.query(`alter system set file_copy_method = 'clone'`)
await superuser.query('select pg_reload_conf()')
// Tests wait for what API and workers, which are another role, wait for, and end their connections.
await superuser.query('grant pg_read_all_stats, pg_signal_backend to darkroom')
await superuser.end()
await bundlePackages()
await migrate(urlOf(url, template), [], () => {})
await holdBackSchedules()
process.exit()

/**
 * House-keeping that comes once an hour would come between in whichever test runs at its minute. It is due a day later
 * here; `expire_results`, which comes every minute, stays.
 */
async function holdBackSchedules() {
  const owner = new pg.Client({ connectionString: urlOf(url, template) })
  await owner.connect()
  await owner.query(`
    create schema harness;
    create function harness.hold_back() returns trigger language plpgsql as $$
    begin
      new.next_run_at := new.next_run_at + interval '1 day';
      return new;
    end $$;
    create trigger hold_back before insert on darkroom.schedules
      for each row when (new.system and new.cron <> '* * * * *') execute function harness.hold_back()`)
  await owner.end()
}
