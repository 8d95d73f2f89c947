import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import pino from 'pino'
import t from 'tap'
import { typeboxInOneFile } from '../../../src/runner/children/one-file.ts'
import { openChildren } from '../../harness/children.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'

const log = pino({ level: 'silent' })
const home = await mkdtemp(path.join(tmpdir(), 'darkroom-one-file-'))
t.teardown(() => rm(home, { recursive: true, force: true }))

const TASKS_DIR = await taskFolder(t, {
  'own.ts': taskModule(
    'own',
    `const { default: Value } = await import('typebox/value')
     const fits = Value.Check(Type.Object({ x: Type.Number() }), args)
     return { fits, typebox: import.meta.resolve('typebox') }`
  )
})

t.test('without esbuild typebox stays in many files', async t => {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'esbuild') throw Object.assign(new Error('not installed'), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(specifier, context)
    }
  })
  t.teardown(() => hooks.deregister())
  const folder = path.join(home, 'without')

  t.equal(await typeboxInOneFile(log, folder), undefined)
  t.strictSame(await readdir(folder), [])
})

t.test('without a writable cache it stays in many files', async t => {
  const file = path.join(home, 'file')
  await writeFile(file, '')

  t.equal(await typeboxInOneFile(log, path.join(file, 'folder')), undefined)
})

t.test('several simultaneous starts make one good file', async t => {
  const folder = path.join(home, 'at-once')
  const source = path.resolve(import.meta.dirname, '../../../src/runner/children/one-file.ts')
  const start = `
    import { typeboxInOneFile } from ${JSON.stringify(pathToFileURL(source).href)}
    const file = await typeboxInOneFile({ debug: console.error }, ${JSON.stringify(folder)})
    const { Type } = await import(file)
    process.stdout.write(JSON.stringify([file, Type.Number()]))`

  const answers = await Promise.all(
    Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', start]))
  )

  const [name, ...more] = await readdir(folder)
  t.strictSame(more, [])
  for (const { stdout } of answers) t.strictSame(JSON.parse(stdout), [path.join(folder, name!), { type: 'number' }])
})

t.test('tasks run', async t => {
  const folder = path.join(home, 'used')
  const file = await typeboxInOneFile(log, folder)
  const gone = path.join(home, 'gone.mjs')
  const cases: [string, string | undefined, RegExp][] = [
    ['with typebox in one file', file, /\/used\/typebox-[\d.]+\.mjs$/],
    ['with typebox in many files', undefined, /\/node_modules\/typebox\//],
    ['when the one file was removed since', gone, /\/node_modules\/typebox\//]
  ]

  for (const [what, DARKROOM_TYPEBOX, typebox] of cases) {
    t.test(what, async t => {
      const run = await openChildren(t, { TASKS_DIR, env: { DARKROOM_TYPEBOX } })

      t.match(await run('add', { x: 1, y: 2 }), { outcome: 'success', result: '3' })
      const { result, error } = await run('own', { x: 1 })
      t.equal(error, undefined)
      t.match(JSON.parse(result ?? 'null'), { fits: true, typebox })
    })
  }
})
