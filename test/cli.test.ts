import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { settings } from '../src/config.ts'
import { version } from '../src/version.ts'
import { borrowDatabase } from './harness/database.ts'
import { taskFolder, taskModule } from './harness/task-folder.ts'

const program = path.resolve(import.meta.dirname, '../src/cli.ts')
const home = await mkdtemp(path.join(tmpdir(), 'darkroom-cli-'))
t.teardown(() => rm(home, { recursive: true, force: true }))

/** Runs the command to its end. */
async function darkroom(args: string[], env: Record<string, string> = {}) {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const settings = { PATH, NODE_COMPILE_CACHE, DATA_DIR: home, ...env }
  return new Promise<{ code: number; out: string; err: string }>(resolve =>
    execFile(process.execPath, [program, ...args], { env: settings, timeout: 60_000 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err })
    )
  )
}

t.jobs = 3
const processes = ['server', 'api', 'worker', 'migrate']
const commands = [...processes, 'psql', 'dump', 'restore']

t.test('help lists the commands', { buffered: true }, async t => {
  for (const args of [[], ['--help'], ['-h'], ['help']]) {
    const { code, out, err } = await darkroom(args)
    t.equal(code, 0)
    t.equal(err, '')
    for (const command of commands) t.match(out, new RegExp(`^ {2}${command} `, 'm'))
  }
})

t.test('the version is that of the package', { buffered: true }, async t => {
  t.strictSame(await darkroom(['--version']), { code: 0, out: `${version}\n`, err: '' })
})

for (const command of commands) {
  t.test(
    `${command} --help tells its options and every setting, whatever the settings are`,
    { buffered: true },
    async t => {
      const { code, out, err } = await darkroom([command, '--help'], { PORT: 'nonsense' })

      t.equal(code, 0)
      t.equal(err, '')
      t.match(out, new RegExp(`^darkroom ${command}: `))
      for (const name of Object.keys(settings)) t.match(out, new RegExp(`^ {2}${name} `, 'm'))
    }
  )
}

const mistakes: [string, string[], RegExp][] = [
  ['a command that there is not', ['dance'], /There is no command "dance"/],
  ['a command of every object', ['constructor'], /There is no command "constructor"/],
  ['an option that there is not', ['worker', '--colour', 'red'], /--colour/],
  ['an option of another command', ['worker', '--port', '1'], /--port/],
  ['an option without its value', ['worker', '--queues'], /--queues/],
  ['a word too many', ['migrate', 'now'], /now/],
  ['a grace that is none', ['worker', '--grace', 'soon'], /--grace must be a number of seconds, not "soon"/],
  ['a negative grace', ['worker', '--grace=-1'], /--grace/],
  ['a file that is not named', ['dump'], /Missing FILE/],
  ['an option of a process for its workers', ['worker', 'list', '--grace', '1'], /--grace/]
]

for (const [what, args, sentence] of mistakes) {
  t.test(`${what} is one clear line on stderr`, { buffered: true }, async t => {
    const { code, out, err } = await darkroom(args)

    t.equal(code, 2)
    t.equal(out, '')
    t.match(err, sentence)
    t.equal(err.trim().split('\n').length, 1, err)
    t.notMatch(err, /^\s+at /m)
  })
}

t.test('all invalid settings are listed before anything starts', { buffered: true }, async t => {
  const { code, out, err } = await darkroom(['server', '--concurrency', 'many'], {
    PORT: 'http',
    LOG_LEVEL: 'loud',
    DATABASE_URL: 'localhost',
    TASKS_DIR: program,
    FFMPEG_PATH: '/nowhere/ffmpeg',
    FFPROBE_PATH: home
  })

  t.equal(code, 1)
  t.equal(out, '')
  for (const name of [
    ...['PORT', 'LOG_LEVEL', 'DATABASE_URL', 'WORKER_CONCURRENCY'],
    ...['TASKS_DIR', 'FFMPEG_PATH', 'FFPROBE_PATH']
  ]) {
    t.match(err, new RegExp(`^ +${name} `, 'm'))
  }
})

t.test('an address that cannot be listened on is named by its setting, before anything starts', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const DATA_DIR = path.join(home, 'never-made')
  const PORT = String((other.address() as AddressInfo).port)
  const cases: [Record<string, string>, RegExp][] = [
    [{ PORT }, new RegExp(`^PORT ${PORT} is taken on 127\\.0\\.0\\.1: `)],
    [{ PORT: '0', HOST: '192.0.2.1' }, /^HOST "192\.0\.2\.1" is not an address of this machine/],
    [{ PORT: '0', HOST: 'nowhere.invalid' }, /^HOST "nowhere\.invalid" does not resolve/]
  ]

  for (const [env, sentence] of cases) {
    for (const command of ['server', 'api']) {
      const { code, out, err } = await darkroom([command], { ...env, DATA_DIR })

      t.equal(code, 1)
      t.equal(out, '')
      t.match(err, sentence)
      t.equal(err.trim().split('\n').length, 1, err)
    }
  }
  t.notOk((await readdir(home)).includes('never-made'))
})

t.test('a worker without a database names the remedy', { buffered: true }, async t => {
  const { code, err } = await darkroom(['worker'])

  t.equal(code, 1)
  t.match(err, /There is no database: set DATABASE_URL/)
})

t.test('a database that does not exist is one clear line', { buffered: true }, async t => {
  const url = new URL(await borrowDatabase(t))
  url.pathname = '/nowhere'

  for (const command of processes) {
    const { code, out, err } = await darkroom([command], { DATABASE_URL: url.href, PORT: '0' })

    t.equal(code, 1, command)
    t.equal(out, '', 'it is not waited for')
    t.match(err, /database "nowhere" does not exist/)
    t.equal(err.trim().split('\n').length, 1, err)
  }
})

t.test('migrate applies the migrations, and nothing at a second run', { buffered: true }, async t => {
  const env = { DATABASE_URL: await borrowDatabase(t) }

  const { code, out } = await darkroom(['migrate'], env)

  t.equal(code, 0)
  t.match(out, /nothing to do/)
})

// Each in a file of its own, of which the worker names all at once.
const wrong: [what: string, file: string, source: string, sentence: RegExp][] = [
  ['a mistake in the code', 'broken.ts', 'export default {{{', /broken\.ts:1:\d+ cannot be loaded: /],
  ['a module that throws', 'angry.js', `throw new Error('not today')`, /angry\.js:1:7 cannot be loaded: not today$/],
  ...Object.entries({
    undefined: 'cannot be loaded: it threw undefined$',
    null: 'cannot be loaded: it threw null$',
    '"a text"': 'cannot be loaded: it threw a text$',
    'Symbol("why")': String.raw`cannot be loaded: it threw Symbol\(why\)$`,
    'Object.create(null)': 'cannot be loaded: it threw {}$',
    'new (class { toString() { throw 1 } })()': 'cannot be loaded: it threw something that cannot be shown$',
    // Node.js looks at it first, and tells what it was thrown for that.
    'new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })': 'cannot be loaded: it threw ',
    'Object.assign(new Error("x"), { message: "" })': 'cannot be loaded: Error$'
  }).map(([thrown, end], at): (typeof wrong)[number] => [
    `a module that throws ${thrown}`,
    `thrown-${at}.ts`,
    `throw ${thrown}`,
    new RegExp(`thrown-${at}\\.ts(:1:\\d+)? ${end}`)
  ]),
  ['an import of nothing', 'lost.ts', `import 'nowhere'`, /lost\.ts:1:9 cannot be loaded: .*nowhere/],
  [
    'a default export that is nothing',
    'none.ts',
    'export default undefined',
    /none\.ts has no task: write "export default defineTask/
  ],
  ['something else', 'else.mjs', 'export default { name: "x" }', /else\.mjs has no task/],
  [
    'the same name twice',
    'twice.ts',
    taskModule('good', 'return 1'),
    /twice\.ts defines the task "good", and so does .*good\.ts/
  ],
  ["a built-in one's name", 'add.ts', taskModule('add', ''), /add\.ts defines the task "add", and so does a built-in/],
  ['a name that cannot be', 'name.ts', taskModule('my task', ''), /name\.ts.*"my task"/],
  ['a priority that cannot be', 'priority.ts', taskModule('a', '', 'priority: 10'), /priority\.ts.* priority /],
  ['retries that cannot be', 'retries.ts', taskModule('a', '', 'max_retries: -1'), /retries\.ts.* max_retries /],
  ['a limit that cannot be', 'limit.ts', taskModule('a', '', `time_limit: '5s'`), /limit\.ts.* time_limit /],
  [
    'a soft limit that comes too late',
    'soft.ts',
    taskModule('a', '', 'soft_time_limit: 50, time_limit: 10'),
    /soft\.ts.*soft_time_limit .* less than its time_limit/
  ],
  ['a queue that cannot be', 'queue.ts', taskModule('a', '', `queue: 'no queue'`), /queue\.ts.*"no queue"/]
]

t.test('invalid task modules are refused by file, before anything starts', { buffered: true }, async t => {
  const good = { 'good.ts': taskModule('good', 'return 1') }
  const DATABASE_URL = await borrowDatabase(t)
  const files = Object.fromEntries(wrong.map(([, file, source]) => [file, source]))

  const { code, err } = await darkroom(['worker'], {
    DATABASE_URL,
    TASKS_DIR: await taskFolder(t, { ...good, ...files })
  })

  t.equal(code, 1)
  const lines = err.trim().split('\n')
  t.equal(lines.length, wrong.length, err)
  for (const [what, , , sentence] of wrong)
    t.equal(lines.filter(line => sentence.test(line)).length, 1, `${what}: ${err}`)

  // Nothing comes after the one that ends the process.
  for (const exit of [0, 3]) {
    const TASKS_DIR = await taskFolder(t, { ...good, 'quits.ts': `process.exit(${exit})`, 'z.ts': good['good.ts'] })
    const { code, err } = await darkroom(['worker'], { DATABASE_URL, TASKS_DIR })

    t.equal(code, 1)
    t.match(
      err,
      /^\S+quits\.ts cannot be loaded: its top level, or that of a module it imports, ends the process\n$/,
      `with ${exit}`
    )
  }
  for (const queue of ['delayed', '__pgboss__x']) {
    const TASKS_DIR = await taskFolder(t, { 'a.ts': taskModule('a', '', `queue: '${queue}'`) })
    const { code, err } = await darkroom(['worker'], { DATABASE_URL, TASKS_DIR })

    t.equal(code, 1)
    t.match(err, new RegExp(`a\\.ts.*the queue "${queue}"`))
    t.equal(err.trim().split('\n').length, 1, err)
  }
  for (const queue of ['due', 'delayed', '__pgboss__send-it']) {
    const { code, err } = await darkroom(['worker', '--queues', `media,${queue}`], { DATABASE_URL })

    t.equal(code, 1)
    t.equal(err, `WORKER_QUEUES must not name the queue "${queue}": it is Darkroom's own\n`)
  }

  const { err: unreadable } = await darkroom(['worker'], { DATABASE_URL, TASKS_DIR: '/nowhere' })
  t.match(unreadable, /TASKS_DIR must be a folder that can be read, not "\/nowhere"/)
})

t.test('server and API refuse such a module before they make a database', { buffered: true }, async t => {
  const DATA_DIR = path.join(home, 'no-database')
  const modules = { 'angry.ts': 'throw undefined', 'quits.ts': 'process.exit(0)' }

  for (const command of ['server', 'api']) {
    for (const [file, source] of Object.entries(modules)) {
      const TASKS_DIR = await taskFolder(t, { [file]: source })
      const { code, out, err } = await darkroom([command], { DATA_DIR, PORT: '0', TASKS_DIR })

      t.equal(code, 1, `${command} ${file}`)
      t.equal(out, '')
      t.match(err, `${TASKS_DIR}/${file} cannot be loaded: `)
      t.equal(err.trim().split('\n').length, 1, err)
    }
  }
  t.notOk((await readdir(DATA_DIR)).includes('postgres'))
})

t.test('a DATA_DIR that cannot be written to is named', { buffered: true }, async t => {
  for (const command of ['server', 'api']) {
    const { code, out, err } = await darkroom([command], { DATA_DIR: path.join(program, 'data'), PORT: '0' })

    t.equal(code, 1)
    t.equal(out, '')
    t.match(err, /^DATA_DIR .+\/cli\.ts\/data is not a folder that we may write to \(ENOTDIR\)/)
    t.equal(err.trim().split('\n').length, 1, err)
  }
})

t.test('a setting of a kind that does not exist is a warning, printed once', { buffered: true }, async t => {
  const TASKS_DIR = await taskFolder(t, { 'a.ts': taskModule('good', '', 'max_retry: 3') })
  const DATABASE_URL = Object.assign(new URL(await borrowDatabase(t)), { pathname: '/nowhere' }).href

  const { err } = await darkroom(['worker'], { DATABASE_URL, TASKS_DIR })

  t.equal(err.split('TaskWarning: The task "good" has no setting "max_retry": it does nothing').length, 2, err)
  t.match(err, /database "nowhere" does not exist/)
})

t.test('a misspelt setting is a warning, also where the settings do not fit', { buffered: true }, async t => {
  const { code, out, err } = await darkroom(['migrate'], { WORKER_CONCURENCY: '2', PORT: 'http' })

  t.strictSame({ code, out }, { code: 1, out: '' })
  t.match(
    err,
    /^Warning: WORKER_CONCURENCY is not a setting and does nothing; did you mean WORKER_CONCURRENCY\?\nThe settings/
  )
})

const root = path.resolve(import.meta.dirname, '..')
const { engines } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))

t.test('scripts/prepare asks for the Node.js that package.json names', async t => {
  t.match(
    await readFile(path.join(root, 'scripts/prepare'), 'utf8'),
    `oldest_node=${engines.node.slice('>='.length)}\n`
  )
})

const old = (process.env.PATH ?? '')
  .split(path.delimiter)
  .map(folder => path.join(folder, 'node'))
  .find(isOld)

function isOld(node: string) {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  return /^v(18|20|22)\./.test(stdout ?? '')
}

t.test('an old Node.js names the remedy', { skip: old ? false : 'there is no old Node.js in PATH' }, async t => {
  const { status, stdout, stderr } = spawnSync(old!, [path.join(root, 'src/bin.js'), '--help'], { encoding: 'utf8' })

  t.strictSame({ status, stdout }, { status: 1, stdout: '' })
  t.match(stderr, /^Darkroom needs Node\.js 24\.\d+\.\d+ or newer, and this is v2\d.*: start it by scripts\/server/)
})
