import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { loadFolder } from '../src/catalogue.ts'
import { openService } from './harness/service.ts'
import { taskFolder, taskModule } from './harness/task-folder.ts'

t.test('a folder of task modules of every spelling is loaded beside the built-in ones', async t => {
  const folder = await taskFolder(t, {
    'one.ts': `
      import { defineTask } from 'darkroom'
      import { Type } from 'typebox'
      import Value from 'typebox/value'
      import { double } from './_shared.ts'
      import { triple } from './more/deeper.js'
      enum No {}
      export default defineTask({
        name: 'six.times', args: Type.Object({ x: Type.Number() }),
        run: ({ x }) => triple(double(x)) + Value.Create(Type.Number())
      })`.replace('enum No {}\n', ''),
    'two.mjs': taskModule('two', 'return 2'),
    'three.js': `
      import { Type } from 'typebox'
      export default { name: 'three', args: Type.Object({}), run: () => 3 }`,
    '_shared.ts': 'export const double = (x: number) => x * 2',
    'helper.ts': 'export const half = (x: number) => x / 2',
    'old.cjs': 'exports.half = x => x / 2',
    'empty.ts': '',
    '.hidden.ts': 'throw new Error("it is hidden")',
    'types.d.ts': 'export declare const nothing: never',
    'readme.md': 'Not code.'
  })
  await mkdir(path.join(folder, 'more'))
  await writeFile(
    path.join(folder, 'more/deeper.js'),
    `import { Type } from 'typebox'; export const triple = x => Type && x * 3`
  )
  const link = `${folder}-link`
  await symlink(folder, link)
  t.teardown(() => import('node:fs/promises').then(({ rm }) => rm(link)))

  for (const TASKS_DIR of [folder, link]) {
    const service = await openService(t, { env: { TASKS_DIR }, worker: true })

    const results = await Promise.all(
      [
        await service.submit('six.times', { x: 7 }),
        await service.submit('two'),
        await service.submit('three'),
        await service.submit('add', { x: 1, y: 1 })
      ].map(async id => (await service.finished(id)).result)
    )

    t.strictSame(results, [42, 2, 3, 2])
  }
})

t.test('a module that is broken while the worker runs fails its task with the reason, and nothing else', async t => {
  const folder = await taskFolder(t, {
    'one.ts': taskModule('one', 'return 1'),
    'two.ts': taskModule('two', 'return 2')
  })
  const service = await openService(t, { env: { TASKS_DIR: folder, WORKER_CONCURRENCY: '1' }, worker: true })
  await writeFile(path.join(folder, 'one.ts'), 'export default 5 +')

  const broken = await service.submit('one', {}, { max_retries: 0 })
  t.match(await service.finished(broken), { state: 'FAILURE', error: { type: 'SyntaxError' } })
  const gone = await service.submit('one', {}, { max_retries: 0 })
  await writeFile(path.join(folder, 'one.ts'), taskModule('other', 'return 1'))
  await service.finished(gone)

  t.equal((await service.finished(await service.submit('two'))).result, 2)
})

/** Loads a folder in a process of its own, to its end: in this one there is always something that keeps it. */
function load(folder: string, seconds: number) {
  const catalogue = path.resolve(import.meta.dirname, '../src/catalogue.ts')
  const start = `
    import { loadFolder } from ${JSON.stringify(catalogue)}
    await loadFolder(${JSON.stringify(folder)}, { seconds: ${seconds} }).catch(({ message }) => {
      console.error(message)
      process.exitCode = 1
    })`
  return new Promise<{ code?: unknown; signal?: unknown; err: string }>(resolve =>
    execFile(
      process.execPath,
      ['--input-type=module', '--eval', start],
      { timeout: 30_000, killSignal: 'SIGKILL' },
      (error, _, err) => resolve({ code: error ? error.code : 0, signal: error?.signal, err })
    )
  )
}

t.test('a module that never finishes loading ends the process that starts, with a sentence that names it', async t => {
  const folder = await taskFolder(t, {
    'stuck.ts': `await new Promise(() => {})\n${taskModule('stuck', 'return 1')}`,
    'well.ts': taskModule('well', 'return 1')
  })

  t.match(await load(folder, 2), {
    code: 1,
    err: `${folder}/stuck.ts cannot be loaded: at its top level, or at that of one it imports, it still waits after 2 s\n`
  })
})

const loops = {
  'computes for ever': 'while (true) {}',
  'is always just about to go on': 'for (;;) await null',
  'waits in a way that nothing interrupts': 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'
}

for (const [what, source] of Object.entries(loops)) {
  t.test(`one that ${what} does so too, although nothing in its thread could`, async t => {
    const folder = await taskFolder(t, {
      'a.ts': taskModule('a', 'return 1'),
      'busy.ts': `${source}\n${taskModule('busy', 'return 1')}`,
      'z.ts': taskModule('z', 'return 1')
    })

    const { code, signal, err } = await load(folder, 1)

    t.equal(
      err,
      `${folder}/busy.ts cannot be loaded: at its top level, or at that of one it imports, it still computes after 1 s\n`
    )
    t.strictSame({ code, signal }, { code: null, signal: 'SIGKILL' })
  })
}

t.test('modules that take their time, one after the other, are waited for', async t => {
  const slow = 'for (const end = Date.now() + 700; Date.now() < end; );\n'
  const names = ['a', 'b', 'c', 'd', 'e']
  const folder = await taskFolder(
    t,
    Object.fromEntries(names.map(name => [`${name}.ts`, slow + taskModule(name, 'return 1')]))
  )

  t.match(await load(folder, 1), { code: 0, err: '' })
})

t.test('whoever is told to stop does not wait for a module', async t => {
  const folder = await taskFolder(t, { 'stuck.ts': 'await new Promise(() => {})' })

  await t.rejects(loadFolder(folder, { signal: AbortSignal.timeout(100) }))
})

const helpers: [string, Record<string, string>, string[]][] = [
  ['a helper that a task imports', { 'b.ts': 'export const b = 1', 'a.ts': importing('./b.ts') }, []],
  [
    'one that a helper of a task imports',
    { 'b.ts': 'export const b = 1', 'a.ts': importing('./_c.mjs'), '_c.mjs': `export { b } from './b.ts'` },
    []
  ],
  [
    'one of CommonJS that another requires',
    { 'b.cjs': 'exports.b = 1', 'c.cjs': `exports.b = require('./b.cjs').b`, 'a.ts': importing('./c.cjs') },
    []
  ],
  ['one of types alone', { 'b.ts': `import type { Kind } from 'darkroom'\nexport type B = Kind` }, []],
  ['an empty one', { 'b.ts': '' }, []],
  ['one that is not meant to be a task', { '_b.ts': 'export const b = 1' }, []],
  ['one that nobody imports', { 'b.ts': 'export const b = 1' }, ['b.ts']],
  ['one of CommonJS that nobody imports', { 'b.cjs': 'exports.b = 1' }, ['b.cjs']],
  ['one that imports itself', { 'b.ts': `import * as b from './b.ts'\nexport const c = () => b` }, ['b.ts']],
  ['a task that is exported by name', { 'a.ts': taskModule('a', '').replace('default', 'const a =') }, ['a.ts']],
  ['a task that is not exported at all', { 'a.ts': taskModule('a', '').replace('export default', '') }, ['a.ts']]
]

function importing(file: string) {
  return `import { b } from '${file}'\n${taskModule('a', 'return b')}`
}

for (const [what, files, named] of helpers) {
  t.test(`of a module without a default export it is said that nobody imports it: ${what}`, async t => {
    const folder = await taskFolder(t, files)

    const { code, err } = await load(folder, 30)

    t.equal(code, 0)
    t.strictSame(
      [...err.matchAll(/TaskWarning: (\S+) has no default export, and no module beside it imports it/g)].map(
        at => at[1]
      ),
      named.map(name => path.join(folder, name)),
      err
    )
  })
}
