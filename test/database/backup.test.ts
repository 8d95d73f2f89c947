import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import pg from 'pg'
import t, { type Test } from 'tap'
import { listTables } from '../../src/database/backup/tables.ts'
import { borrowDatabase } from '../harness/database.ts'
import { addressOf, startProgram } from '../harness/program.ts'
import { openService } from '../harness/service.ts'

const program = path.resolve(import.meta.dirname, '../../src/cli.ts')
const home = await mkdtemp(path.join(tmpdir(), 'darkroom-backup-'))
t.teardown(() => rm(home, { recursive: true, force: true }))

/** Runs a command to its end. */
function darkroom(args: string[], env: Record<string, string>, input = '') {
  const { promise, resolve } = Promise.withResolvers<{ code: unknown; out: string; err: string }>()
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const child = execFile(
    process.execPath,
    [program, ...args],
    { env: { PATH, NODE_COMPILE_CACHE, DATA_DIR: path.join(home, 'none'), ...env } },
    (error, out, err) => resolve({ code: error ? error.code : 0, out, err })
  )
  child.stdin!.end(input)
  return promise
}

async function query(url: string, text: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** Every row of every table of a dump, as text. */
async function rowsOf(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const all: Record<string, string[]> = {}
    for (const { name } of await listTables(client)) {
      const { rows } = await client.query(`select r::text as row from ${name} r order by 1`)
      all[name] = rows.map(({ row }) => row)
    }
    return all
  } finally {
    await client.end()
  }
}

/** A service with a history, whose worker has stopped. */
async function used(t: Test) {
  const service = await openService(t)
  const worker = await service.startWorker()
  const ended = [await service.submit('add', { x: 1, y: 2 }), await service.submit('sleep', { seconds: 0 })]
  for (const id of ended) await service.finished(id)
  await service.keep(Buffer.from('not a film'))
  const later = await service.submit('add', { x: 3, y: 4 }, { countdown: 3600, tags: ['a\tb\\.\n\\.\n', 'ü'] })
  await service.post('/api/queues/low_priority/pause', {})
  await worker.stop(5)
  const waiting = await service.submit('process_data', { data: '\\.\n\\N' })
  await service.api.stop(0)
  return { url: service.url, ended, later, waiting }
}

t.test('a dump restored into another database is the same, and the service goes on there', async t => {
  const { url, ended, later, waiting } = await used(t)
  const file = path.join(home, 'a.dump')

  const dumped = await darkroom(['dump', file], { DATABASE_URL: url })
  t.match(dumped, { code: 0, out: '', err: /now copy .*videos.*installation/ })
  t.equal((await stat(file)).mode & 0o777, 0o600)
  const target = await borrowDatabase(t)
  t.match(await darkroom(['restore', file], { DATABASE_URL: target, DATA_DIR: path.join(home, 'target') }), {
    code: 0,
    out: ''
  })

  const kept = await rowsOf(url)
  const apart = { 'darkroom.installation': [], 'darkroom.audit': [] }
  const restored = await rowsOf(target)
  t.strictSame({ ...restored, ...apart }, { ...kept, ...apart })
  const lines = restored['darkroom.audit']!
  t.strictSame(lines.slice(0, -1), kept['darkroom.audit'])
  t.match(lines.at(-1), /,cli,,[^,]+,,,database\.restore,database,test_/, 'and says that it was restored')
  t.match(lines.at(-2), /,cli,,[^,]+,,,database\.dump,database,test_/)
  const service = await openService(t, {
    env: { DATABASE_URL: target, DATA_DIR: path.join(home, 'target') },
    worker: true
  })
  t.match(await service.finished(ended[0]!), { state: 'SUCCESS', result: 3 })
  t.match(await service.finished(waiting), { state: 'SUCCESS', result: { processed_data: '\\.\n\\N' } })
  t.match((await service.get(`/api/tasks/${later}`)).json(), { status: 'SCHEDULED', tags: ['a\tb\\.\n\\.\n', 'ü'] })
  t.match(await service.finished(await service.submit('add', { x: 5, y: 6 })), { result: 11 })
  t.match(
    (await service.get('/api/queues')).json().items.filter(({ paused }: { paused: boolean }) => paused),
    [{ name: 'low_priority' }]
  )
})

t.test('a dump of the embedded database is restored into a fresh DATA_DIR, whose server goes on with it', async t => {
  const { url, waiting } = await used(t)
  const file = path.join(home, 'b.dump')
  const DATA_DIR = path.join(home, 'fresh')
  await darkroom(['dump', file], { DATABASE_URL: url })

  t.match(await darkroom(['restore', file], { DATA_DIR }), { code: 0 })

  // A minute or an hour may begin while the worker runs: house-keeping comes with it.
  const count = 'select count(*) from darkroom.tasks where schedule_id is null'
  t.match(await darkroom(['psql', '-c', count], { DATA_DIR }), { code: 0, out: /\b5\b/ })
  const server = await startProgram(t, 'server', { env: { DATA_DIR } })
  const address = await addressOf(server)
  t.match(await (await fetch(`${address}/api/tasks/${waiting}?wait=30`)).json(), { state: 'SUCCESS' })
  const again = path.join(home, 'again.dump')
  t.match(await darkroom(['dump', again], { DATA_DIR }), { code: 0 }, 'also while it runs')
  t.match(await darkroom(['restore', again], { DATA_DIR }), { code: 1, err: /API or worker .* are running: stop them/ })
  const film = new FormData()
  film.append('video', new Blob(['not a film']), 'film.mp4')
  t.equal((await fetch(`${address}/api/videos`, { method: 'POST', body: film })).status, 201)
  server.kill('SIGTERM')
  t.strictSame(await server.exited, { code: 0, signal: null })
  const all = await readdir(DATA_DIR, { recursive: true })
  const modes = await Promise.all(all.map(async name => [name, (await stat(path.join(DATA_DIR, name))).mode & 0o077]))
  t.ok(all.some(name => name.endsWith('original')) && all.includes('postgres/app.password'))
  t.strictSame(
    modes.filter(([, mode]) => mode !== 0),
    [],
    'no file or folder is open to other accounts'
  )
})

t.test('existing data is replaced only with --force, and a bad dump changes nothing', async t => {
  const { url } = await used(t)
  const DATABASE_URL = await borrowDatabase(t)
  const file = path.join(home, 'c.dump')
  await darkroom(['dump', file], { DATABASE_URL: url })
  await darkroom(['restore', file], { DATABASE_URL })
  const before = await rowsOf(DATABASE_URL)
  const restore = (args: string[]) => darkroom(['restore', ...args], { DATABASE_URL })
  const bad = path.join(home, 'bad.dump')
  const text = gunzipSync(await readFile(file)).toString()
  const cases: [string | Buffer, RegExp][] = [
    ['no dump', /incorrect header check/],
    [gzipSync('no dump\n'), /is no dump of Darkroom/],
    [gzipSync(text.replace('-- complete\n', '')), /cut off/],
    [gzipSync(text.slice(0, text.length / 2)), /cut off|damaged|invalid|missing/],
    [(await readFile(file)).subarray(0, -100), /unexpected end of file/],
    [gzipSync(text.replace('COPY darkroom.tasks ("id", ', 'COPY darkroom.tasks ("id; drop", ')), /damaged/],
    [gzipSync(text.replace(/"migrations":\[[^\]]*\]/, '"migrations":["0999_x"]')), /restore it with the version/]
  ]

  t.match(await restore([file]), { code: 1, err: /has tasks or videos already: .* --force/ })
  for (const [content, sentence] of cases) {
    await writeFile(bad, content)
    t.match(await restore([bad, '--force']), { code: 1, err: sentence }, String(sentence))
  }
  t.strictSame(await rowsOf(DATABASE_URL), before)
  t.match(await restore([file, '--force']), { code: 0 })
  const apart = { 'darkroom.audit': [] }
  t.strictSame({ ...(await rowsOf(DATABASE_URL)), ...apart }, { ...before, ...apart })
  t.match(await darkroom(['dump', file], { DATABASE_URL }), { code: 1, err: /c\.dump exists already/ })
})

t.test('neither command creates a database that does not exist', async t => {
  t.match(await darkroom(['dump', 'x'], {}), { code: 1, err: /There is no database in / })
  t.match(await darkroom(['psql'], {}), { code: 1, err: /There is no database in / })
  t.match(await darkroom(['restore', path.join(home, 'nothing')], {}), {
    code: 1,
    err: /nothing cannot be read: ENOENT/
  })
  t.match(await darkroom(['dump'], {}), { code: 2, err: /Missing FILE: new file to write/ })
  t.match(await darkroom(['restore', 'a', 'b'], {}), { code: 2, err: /"b"/ })
})

t.test('psql runs statements from stdin, and a failing one sets the exit code', async t => {
  const DATABASE_URL = await borrowDatabase(t)
  for (const PATH of [process.env.PATH!, '/nowhere']) {
    const { code, out, err } = await darkroom(
      ['psql'],
      { DATABASE_URL, PATH },
      `select 'one\n' as a;\nselect 'two' as b;\n`
    )
    t.match({ code, err }, { code: 0, err: '' })
    t.match(out, /one[\s\S]*two/)
  }
  t.match(await darkroom(['psql', '-c', 'select nope'], { DATABASE_URL }), {
    code: 1,
    err: /column "nope" does not exist/
  })
  t.strictSame(await query(DATABASE_URL, 'select 1 as still'), [{ still: 1 }])
})
