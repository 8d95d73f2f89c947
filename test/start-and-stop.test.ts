import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { getPriority, tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import t from 'tap'
import { borrowDatabase } from './harness/database.ts'
import { openForm } from './harness/form.ts'
import { openLine } from './harness/line.ts'
import { processesAbout, skipWithoutProc } from './harness/processes.ts'
import { addressOf, startProgram } from './harness/program.ts'
import { openProxy } from './harness/proxy.ts'
import { taskFolder, taskModule } from './harness/task-folder.ts'
import { until } from './harness/until.ts'

const moments: [string, (dataDir: string) => Promise<boolean>][] = [
  ['is being made', async dataDir => (await readdir(dataDir)).some(name => name.startsWith('postgres.new-'))],
  ['is being started', async dataDir => (await readdir(dataDir)).includes('postgres.log')],
  [
    'has just come up',
    async dataDir =>
      (await readdir(path.join(dataDir, 'postgres')).catch(() => [] as string[])).includes('postmaster.pid')
  ]
]

for (const [moment, isThere] of moments) {
  t.test(
    `Ctrl-C while the database ${moment} leaves nothing running and nothing half made`,
    { skip: skipWithoutProc },
    async t => {
      const server = await startProgram(t, 'server')
      await until(() => isThere(server.dataDir), `the database ${moment}`)

      server.kill('SIGINT')

      t.strictSame(await server.exited, { code: 0, signal: null })
      t.strictSame(await processesAbout(server.dataDir), [])
      const left = await readdir(server.dataDir)
      t.notOk(
        left.some(name => name.startsWith('postgres.new-')),
        left.join()
      )
    }
  )
}

t.test('warnings about task modules are printed once, by the server and not by its worker', async t => {
  const TASKS_DIR = await taskFolder(t, {
    'odd.ts': taskModule('odd', '', 'max_retry: 3'),
    'forgotten.ts': taskModule('forgotten', '').replace('export default', '')
  })
  const server = await startProgram(t, 'server', { env: { DATABASE_URL: await borrowDatabase(t), TASKS_DIR } })

  await server.heard('is ready')

  const warnings = server.said.filter(line => line.includes('TaskWarning: '))
  t.equal(warnings.length, 2, warnings.join('\n'))
  t.match(warnings.join('\n'), 'has no setting "max_retry"')
  t.match(warnings.join('\n'), `${TASKS_DIR}/forgotten.ts defines a task but has no default export`)
})

t.test('a server that waits for a task module stops at once', async t => {
  const TASKS_DIR = await taskFolder(t, { 'stuck.ts': `console.log('it waits')\nawait new Promise(() => {})` })
  const server = await startProgram(t, 'server', { env: { TASKS_DIR } })
  await server.heard('it waits')

  server.kill('SIGTERM')

  t.strictSame(await server.exited, { code: 0, signal: null })
  t.notOk(
    server.said.some(line => line.includes('cannot be loaded')),
    server.said.join('\n')
  )
})

t.test('the worker stops together with the API, not after it', async t => {
  const DATABASE_URL = await borrowDatabase(t)
  const server = await startProgram(t, 'server', { env: { DATABASE_URL }, options: ['--grace', '60'] })
  const upload = await openLine(t, await addressOf(server))
  const { headers, head } = openForm([{ filename: 'a.mp4', content: Buffer.alloc(100_000) }])
  const type = `content-type: ${headers['content-type']}`
  await upload.send(`POST /api/videos HTTP/1.1\r\nhost: localhost\r\n${type}\r\ncontent-length: 900000\r\n\r\n`)
  await upload.send(head)
  const half = async () => (await readdir(path.join(server.dataDir, 'incoming'))).length === 1
  await until(half, 'the upload has begun')
  const client = new pg.Client({ connectionString: DATABASE_URL })
  await client.connect()

  server.kill('SIGTERM')
  const stopped = `select from darkroom.workers where status = 'stopped'`
  await until(async () => (await client.query(stopped)).rowCount, 'the worker has stopped')
  await client.end()
  t.ok(await half(), 'while the upload may still come to its end')
  upload.hangUp()

  t.strictSame(await server.exited, { code: 0, signal: null })
})

t.test('a server whose worker is shut down is not ready until another has taken its place', async t => {
  const DATABASE_URL = await borrowDatabase(t)
  const server = await startProgram(t, 'server', { env: { DATABASE_URL } })
  const address = await addressOf(server)
  const ask = async (path: string, options?: RequestInit): Promise<any> =>
    (await fetch(`${address}${path}`, options)).json()
  const [{ id }] = (await ask('/api/workers')).items

  t.match(await ask(`/api/workers/${id}/shutdown`, { method: 'POST' }), { id, shutdown: 'warm' })
  t.match(await ask('/health/ready'), { status: 'not ready', worker: false })

  await until(async () => (await ask('/health/ready')).status === 'ready', 'there is another one')
  const workers = (await ask('/api/workers')).items
  t.match(workers, [
    { status: 'running', shutdown: null },
    { id, status: 'stopped' }
  ])
  t.not(workers[0].pid, workers[1].pid)
  server.kill('SIGTERM')
  t.strictSame(await server.exited, { code: 0, signal: null })
})

t.test('a first worker that is killed before it is ready is restarted', { skip: skipWithoutProc }, async t => {
  // Unique in the command lines of server and worker; a zero at the end would be dropped.
  const grace = `5.${process.pid}1`
  const server = await startProgram(t, 'server', {
    env: { DATABASE_URL: await borrowDatabase(t) },
    options: ['--grace', grace]
  })
  const worker = await until(async () => (await processesAbout(grace)).find(pid => pid !== server.pid), 'there is one')

  process.kill(worker, 'SIGKILL')

  t.ok((await fetch(`${await addressOf(server)}/health/ready`)).ok)
  t.ok(server.said.some(line => line.includes('the worker ended; starting it again')))
  server.kill('SIGTERM')
  t.strictSame(await server.exited, { code: 0, signal: null })
})

t.test('a server restarts a worker that has given up on the database until one is ready', async t => {
  const proxy = await openProxy(t, await borrowDatabase(t))
  const server = await startProgram(t, 'server', { env: { DATABASE_URL: proxy.url, WORKER_GIVE_UP_AFTER: '1' } })
  const address = await addressOf(server)

  proxy.cut()
  await server.heard('this worker gives up')
  await server.heard('the worker ended; starting it again')
  t.equal((await fetch(`${address}/health/ready`)).status, 503)
  proxy.restore()

  await until(async () => (await fetch(`${address}/health/ready`)).ok, 'it is ready again')
  server.kill('SIGTERM')
  t.strictSame(await server.exited, { code: 0, signal: null })
})

t.test(
  'the API goes before its worker, and the worker before its children and what they start',
  { skip: getPriority() === 0 ? false : 'this shell has a priority of its own' },
  async t => {
    const TASKS_DIR = await taskFolder(t, {
      'nice.ts': taskModule(
        'nice',
        `const { getPriority } = await import('node:os')
         const { execFileSync } = await import('node:child_process')
         return [getPriority(), Number(execFileSync('nice'))]`
      )
    })
    const server = await startProgram(t, 'server', { env: { DATABASE_URL: await borrowDatabase(t), TASKS_DIR } })
    const address = await addressOf(server)
    const ask = async (path: string, init?: RequestInit): Promise<any> =>
      (await fetch(`${address}${path}`, init)).json()
    const headers = { 'content-type': 'application/json' }

    const { id } = await ask('/api/tasks', { method: 'POST', headers, body: '{"task":"nice"}' })
    const { result } = await ask(`/api/tasks/${id}?wait=30`)
    const [worker] = (await ask('/api/workers')).items

    t.strictSame([getPriority(server.pid), getPriority(worker.pid), ...result], [0, 5, 10, 10])
    server.kill('SIGTERM')
    t.strictSame(await server.exited, { code: 0, signal: null })
  }
)

t.test('a worker ends also when the database is silent', async t => {
  const proxy = await openProxy(t, await borrowDatabase(t))
  const env = { DATABASE_URL: proxy.url }
  const worker = await startProgram(t, 'worker', { env, options: ['--grace', '0'] })
  await worker.heard('worker ready')

  proxy.swallowAnswers()
  worker.kill('SIGTERM')

  // Several queries in a row get no answer: it may come to the last resort.
  const { code } = await worker.exited
  const last = worker.said.at(-1)!
  t.ok(code === 0 || /"level":60.*stopping does not finish/.test(last), `${code}: ${last}`)
})

t.test(
  'the URL of the database is in the environment of neither worker nor child',
  { skip: skipWithoutProc },
  async t => {
    const TASKS_DIR = await taskFolder(t, {
      'look.ts': taskModule(
        'look',
        `const { readFileSync } = await import('node:fs')
         const { env, ppid } = process
         return { names: Object.keys(env), worker: readFileSync(\`/proc/\${ppid}/environ\`, 'utf8').split('\\0') }`
      )
    })
    const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-secret-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    for (const name of ['DATABASE_URL', 'DATABASE_URL_FILE']) {
      // Each server has a DATA_DIR of its own, which belongs to one database.
      const DATABASE_URL = await borrowDatabase(t)
      const DATABASE_URL_FILE = path.join(folder, 'url')
      await writeFile(DATABASE_URL_FILE, DATABASE_URL)
      const secret = { [name]: name === 'DATABASE_URL' ? DATABASE_URL : DATABASE_URL_FILE }
      const server = await startProgram(t, 'server', { env: { ...secret, TASKS_DIR } })
      const address = await addressOf(server)
      const headers = { 'content-type': 'application/json' }
      const asked = await fetch(`${address}/api/tasks`, { method: 'POST', headers, body: '{"task":"look"}' })
      const { id } = (await asked.json()) as { id: string }
      const { result } = (await (await fetch(`${address}/api/tasks/${id}?wait=30`)).json()) as any

      t.ok(result.names.includes('PATH'))
      t.strictSame(
        result.names.filter((name: string) => /^DATABASE_URL|^DARKROOM_SUPERVISED/.test(name)),
        []
      )
      t.ok(result.worker.some((line: string) => line.startsWith('PATH=')))
      t.notOk(result.worker.some((line: string) => line.startsWith('DATABASE_URL') || line.includes(DATABASE_URL)))
      server.kill('SIGTERM')
      t.strictSame(await server.exited, { code: 0, signal: null })
    }
  }
)

t.test('a DATA_DIR that does not answer times out with a sentence', async t => {
  const env = { DATABASE_URL: await borrowDatabase(t) }
  const DATA_DIR = await mkdtemp(path.join(tmpdir(), 'darkroom-dead-'))
  t.teardown(() => rm(DATA_DIR, { recursive: true, force: true }))
  // To open it for writing waits for a reader, as a file of a dead network drive waits for its server.
  await promisify(execFile)('mkfifo', [path.join(DATA_DIR, '.darkroom-probe')])

  for (const command of ['server', 'worker']) {
    const program = await startProgram(t, command, { env: { ...env, DATA_DIR } })

    t.strictSame(await program.exited, { code: 1, signal: null })
    t.match(program.said.join('\n'), `DATA_DIR ${DATA_DIR} does not answer within 10 s: check its disk`)
  }
})

t.test('a DATA_DIR that other accounts may read is reported, a new one is closed to them', async t => {
  const home = await mkdtemp(path.join(tmpdir(), 'darkroom-modes-'))
  t.teardown(() => rm(home, { recursive: true, force: true }))
  await chmod(home, 0o755)

  const open = await startProgram(t, 'api', { env: { DATABASE_URL: await borrowDatabase(t), DATA_DIR: home } })
  await open.heard(`DATA_DIR ${home} is open to other accounts`)
  open.kill('SIGTERM')
  await open.exited
  const made = path.join(home, 'made')
  const closed = await startProgram(t, 'api', { env: { DATABASE_URL: await borrowDatabase(t), DATA_DIR: made } })
  await closed.heard('answers: ')

  t.notOk(closed.said.some(line => line.includes('is open to other accounts')))
  t.equal((await stat(made)).mode & 0o066, 0)
  closed.kill('SIGTERM')
  await closed.exited
})
