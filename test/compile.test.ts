import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import t from 'tap'
import { version } from '../src/version.ts'
import { openChildren } from './harness/children.ts'
import { borrowDatabase } from './harness/database.ts'
import { taskFolder } from './harness/task-folder.ts'

const root = path.resolve(import.meta.dirname, '..')
const cli = path.join(root, 'src/cli.ts')
const script = path.join(root, 'scripts/darkroom')
const home = await mkdtemp(path.join(tmpdir(), 'darkroom-compiled-'))
t.teardown(() => rm(home, { recursive: true, force: true }))

// Node.js strips types with this module; a process that loads it keeps 15 MiB for it.
const stripper = `process.moduleLoadList.some(name => name.includes('internal/deps/amaro'))`
const telling = path.join(home, 'telling.mjs')
const NODE_OPTIONS = `--import=${telling}`
await writeFile(telling, `process.once('exit', () => console.error(${stripper} ? 'it strips' : 'it does not strip'))`)

async function run(command: string[], env: Record<string, string>) {
  const [program, ...args] = command
  return promisify(execFile)(program!, args, { cwd: home, env: { PATH: process.env.PATH, ...env } })
}

// Compiled once, by the first test, for all others.
const compiled = path.join(home, 'by-script', 'folder')

t.test('the script compiles all modules before the first command, once', async t => {
  const stamp = async () => (await stat(path.join(compiled, '.compiled'))).ino

  t.strictSame(await run([script, '--version'], { NODE_COMPILE_CACHE: compiled, NODE_OPTIONS }), {
    stdout: `${version}\n`,
    stderr: 'it does not strip\n'
  })
  const first = await stamp()
  await run([script, '--version'], { NODE_COMPILE_CACHE: compiled })
  t.equal(await stamp(), first)
})

t.test('once all modules are compiled', async t => {
  /** The modules that a process has to compile itself. */
  async function copied(name: string) {
    const copy = path.join(home, name)
    await cp(compiled, copy, { recursive: true })
    return copy
  }

  t.test('the command strips no types', async t => {
    // With the settings of scripts/prepare.
    const tell = async (NODE_COMPILE_CACHE: string) => {
      const command = [process.execPath, '--max-semi-space-size=8', cli, '--version']
      return (await run(command, { NODE_COMPILE_CACHE, NODE_OPTIONS })).stderr
    }

    t.equal(await tell(path.join(home, 'empty')), 'it strips\n')
    t.equal(await tell(await copied('command')), 'it does not strip\n')
  })

  t.test('nor do a server and its worker', async t => {
    const NODE_COMPILE_CACHE = await copied('server')
    const server = spawn(process.execPath, ['--max-semi-space-size=8', cli, 'server'], {
      env: {
        ...{ PATH: process.env.PATH, NODE_COMPILE_CACHE, NODE_OPTIONS },
        ...{
          DATABASE_URL: await borrowDatabase(t),
          DATA_DIR: path.join(home, 'data'),
          PORT: '0',
          WORKER_CONCURRENCY: '1'
        }
      },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    const over = once(server, 'close')
    t.teardown(() => server.kill('SIGKILL'))
    let said = ''
    server.stderr.on('data', chunk => {
      said += chunk
    })
    createInterface({ input: server.stdout }).on('line', line => line.includes('is ready') && server.kill('SIGTERM'))
    await over

    const told = said.match(/^it .*strips?$/gm) ?? []
    // Two processes, and a thread if it ends before its worker.
    t.ok(told.length >= 2, said)
    t.strictSame([...new Set(told)], ['it does not strip'], said)
  })

  t.test('nor does a child that runs a task without TypeScript of its own', async t => {
    const TASKS_DIR = await taskFolder(t, {
      'strips.mjs': `
        import { defineTask } from 'darkroom'
        import { Type } from 'typebox'
        export default defineTask({ name: 'strips', args: Type.Object({}), run: () => ${stripper} })`
    })
    const NODE_COMPILE_CACHE = await copied('child')
    const run = await openChildren(t, { TASKS_DIR, env: { NODE_COMPILE_CACHE } })

    t.match(await run('add', { x: 1, y: 1 }), { outcome: 'success' })
    t.match(await run('strips'), { outcome: 'success', result: 'false' })
  })

  t.test('nor does a child that runs a task of TASKS_DIR whose module was compiled before', async t => {
    const TASKS_DIR = await taskFolder(t, {
      'typed.ts': `
        import { defineTask } from 'darkroom'
        import { Type } from 'typebox'
        const answer: boolean = ${stripper}
        export default defineTask({ name: 'typed', args: Type.Object({}), run: () => answer })`
    })
    const [before, after] = [await copied('without'), await copied('with')]
    await run([process.execPath, path.join(root, 'src/compile.ts')], { NODE_COMPILE_CACHE: after, TASKS_DIR })

    for (const [NODE_COMPILE_CACHE, strips] of [
      [before, 'true'],
      [after, 'false']
    ] as const) {
      const run = await openChildren(t, { TASKS_DIR, env: { NODE_COMPILE_CACHE } })
      t.match(await run('typed'), { outcome: 'success', result: strips })
    }
  })

  t.test('an invalid module or setting is left to the command that starts', async t => {
    const TASKS_DIR = await taskFolder(t, { 'wrong.ts': 'export default {' })
    const NODE_COMPILE_CACHE = await copied('wrong')

    const settings: Record<string, string>[] = [
      { TASKS_DIR },
      { TASKS_DIR: path.join(TASKS_DIR, 'x') },
      { PORT: 'wrong' }
    ]
    for (const env of settings) {
      const command = [process.execPath, path.join(root, 'src/compile.ts')]
      t.strictSame(await run(command, { NODE_COMPILE_CACHE, ...env }), { stdout: '', stderr: '' })
    }
  })
})

t.test('without a writable cache the command runs all the same', async t => {
  const file = path.join(home, 'file')
  await writeFile(file, '')

  const { stdout } = await run([script, '--version'], { NODE_COMPILE_CACHE: path.join(file, 'folder') })

  t.equal(stdout, `${version}\n`)
})
