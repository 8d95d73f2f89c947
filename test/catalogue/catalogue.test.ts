import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { loadFolder } from '../../src/catalogue/folder.ts'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'

t.test('task modules in every spelling are loaded from a folder beside the built-in ones', async t => {
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

t.test('a module that breaks while the worker runs fails its task with the reason, and no other task', async t => {
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

/** Loads a folder in a process of its own, to its end: something always keeps the test's own process alive. */
function load(folder: string, seconds: number, verbose = false) {
  const module = path.resolve(import.meta.dirname, '../../src/catalogue/folder.ts')
  const start = `
    import { loadFolder } from ${JSON.stringify(module)}
    const { problems } = await loadFolder(${JSON.stringify(folder)}, { seconds: ${seconds}, verbose: ${verbose} })
    if (problems.length > 0) {
      console.error(problems.join('\\n'))
      process.exitCode = 1
    }`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', start], {
    stdio: ['ignore', 'ignore', 'pipe']
  })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', chunk => {
    err += chunk
  })
  const ended = once(child, 'close').then(([code]) => ({ code, err }))
  return { child, ended }
}

t.test('a module that never finishes loading ends the starting process, with a sentence that names it', async t => {
  const folder = await taskFolder(t, {
    'stuck.ts': `await new Promise(() => {})\n${taskModule('stuck', 'return 1')}`,
    'well.ts': taskModule('well', 'return 1')
  })

  t.match(await load(folder, 2).ended, {
    code: 1,
    err: `${folder}/stuck.ts cannot be loaded: its top level, or that of a module it imports, waits for 2 s\n`
  })
})

t.test(
  'each module is named before its import, so the last name is that of a module that computes for ever',
  async t => {
    const folder = await taskFolder(t, {
      'a.ts': taskModule('a', 'return 1'),
      'busy.ts': `while (true) {}\n${taskModule('busy', 'return 1')}`,
      'z.ts': taskModule('z', 'return 1')
    })
    const { child, ended } = load(folder, 1, true)

    let err = ''
    while (!err.includes('busy.ts')) err += (await once(child.stderr, 'data'))[0]
    child.kill('SIGKILL')

    t.equal((await ended).err, `loading ${folder}/a.ts\nloading ${folder}/busy.ts\n`)
  }
)

t.test('all modules that do not load are named at once, each with line and column where there is one', async t => {
  const folder = await taskFolder(t, {
    'a.ts': taskModule('a', 'return 1'),
    'b-typed.ts': 'const a: number = 1\nexport default {{{',
    'c-plain.mjs': 'const a = 1\nconst b = {{{',
    'd-common.cjs': '\nconst x = ;',
    'e-throws.ts': `\n  throw new TypeError('not today')`,
    'f-import.ts': `import { nope } from 'node:fs'`,
    'g-lost.ts': `import './nowhere.ts'`,
    'h-other.ts': `import './_broken.ts'`,
    '_broken.ts': '\nnull.length',
    'i-none.ts': 'export default 5',
    'j-bad.ts': taskModule('j', '', 'priority: 10')
  })

  const { code, err } = await load(folder, 30).ended

  t.equal(code, 1)
  const expected = [
    'b-typed.ts:2:17 cannot be loaded: Unexpected token',
    'c-plain.mjs:2:12 cannot be loaded: Unexpected token',
    'd-common.cjs:2:11 cannot be loaded: Unexpected token',
    'e-throws.ts:2:9 cannot be loaded: not today',
    'f-import.ts:1:10 cannot be loaded: The requested module',
    `g-lost.ts:1:11 cannot be loaded: Cannot find module '${folder}/nowhere.ts'`,
    `h-other.ts cannot be loaded: Cannot read properties of null (reading 'length') (at ${folder}/_broken.ts:2:6)`,
    'j-bad.ts:8:20 cannot be loaded: The priority of the task "j"',
    'i-none.ts has no task: '
  ]
  const lines = err.trim().split('\n')
  t.equal(lines.length, expected.length, err)
  for (const [index, start] of expected.entries())
    t.ok(lines[index]?.startsWith(`${folder}/${start}`), `${lines[index]}`)
})

t.test('slow modules, one after the other, are waited for', async t => {
  const slow = 'for (const end = Date.now() + 700; Date.now() < end; );\n'
  const names = ['a', 'b', 'c', 'd', 'e']
  const folder = await taskFolder(
    t,
    Object.fromEntries(names.map(name => [`${name}.ts`, slow + taskModule(name, 'return 1')]))
  )

  t.match(await load(folder, 1).ended, { code: 0, err: '' })
})

t.test('a start that is cancelled does not wait for a module', async t => {
  const folder = await taskFolder(t, { 'stuck.ts': 'await new Promise(() => {})' })

  await t.rejects(loadFolder(folder, { signal: AbortSignal.timeout(100) }))
})

const helpers: [string, Record<string, string>, string[]][] = [
  ['a helper', { 'b.ts': 'export const b = 1' }, []],
  ['a CommonJS helper', { 'b.cjs': 'exports.b = 1' }, []],
  ['types alone', { 'b.ts': `import type { Kind } from 'darkroom'\nexport type B = Kind` }, []],
  ['an empty file', { 'b.ts': '' }, []],
  ['a file that begins with "_"', { '_b.ts': taskModule('a', '').replace('export default', '') }, []],
  ['a task that is exported by name', { 'a.ts': taskModule('a', '').replace('default', 'const a =') }, ['a.ts']],
  ['a task that is not exported at all', { 'a.ts': taskModule('a', '').replace('export default', '') }, ['a.ts']]
]

for (const [what, files, named] of helpers) {
  t.test(`a module that defines a task without a default export is named: ${what}`, async t => {
    const folder = await taskFolder(t, files)

    const { code, err } = await load(folder, 30).ended

    t.equal(code, 0)
    const warnings = err.matchAll(/TaskWarning: (\S+) defines a task but has no default export/g)
    t.strictSame(
      [...warnings].map(at => at[1]),
      named.map(name => path.join(folder, name)),
      err
    )
  })
}
