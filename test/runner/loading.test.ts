import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { ChildPool } from '../../src/runner/children/pool.ts'
import { openChildren } from '../harness/children.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'

// The worker loads every module too, when it starts: these modules break only in a child.
const inChild = (what: string) => `if (process.env.DARKROOM_CHILD) { ${what} }\n`
const waiting = 'await new Promise(() => {})'

t.test('a module that never finishes loading is ended, and the tasks after it run', async t => {
  const TASKS_DIR = await taskFolder(t, {
    'stuck.ts': inChild(waiting) + taskModule('stuck', 'return 1'),
    'busy.ts': inChild('while (true) {}') + taskModule('busy', 'return 1'),
    'fine.ts': taskModule('fine', 'return process.pid')
  })
  const run = await openChildren(t, { TASKS_DIR, limits: { load: 2 } })

  for (const task of ['stuck', 'busy']) {
    t.match(await run(task), { outcome: 'crashed', error: { message: 'Its module was not loaded in time' } })
    t.match(await run('fine'), { outcome: 'success' })
  }
})

const turns = {
  'waits for ever': { source: waiting, longestStart: 5_000 },
  'computes for ever': { source: 'while (true) {}', longestStart: 5_000 },
  'ends its process': { source: 'process.exit(3)' }
}

for (const [what, { source, ...limits }] of Object.entries(turns)) {
  t.test(
    `a module that once was well, and now ${what} as it is loaded, does not keep the others from running`,
    async t => {
      const TASKS_DIR = await taskFolder(t, {
        'turning.ts': taskModule('turning', 'return 1'),
        'fine.ts': taskModule('fine', 'return process.pid')
      })
      // Each runs in a child of its own, which has loaded the modules of those before it.
      const run = await openChildren(t, { TASKS_DIR, maxTasks: 1, ...limits })
      t.match(await run('turning'), { outcome: 'success' })
      await writeFile(path.join(TASKS_DIR, 'turning.ts'), inChild(source) + taskModule('turning', 'return 1'))

      // Two of them at once: one waits for a child meanwhile.
      const ended = [...(await Promise.all([run('fine'), run('fine')])), await run('fine')]

      t.strictSame(
        ended.map(({ outcome }) => outcome),
        ['success', 'success', 'success'],
        'nor is it their crash'
      )
    }
  )
}

t.test('an attempt that is asked to stop does not wait for a child that does not start', async t => {
  const TASKS_DIR = await taskFolder(t, { 'busy.ts': inChild('while (true) {}') + taskModule('busy', 'return 1') })
  const children = new ChildPool({
    env: { ...process.env, TASKS_DIR },
    databaseUrl: 'postgres://nowhere',
    size: 1,
    maxTasks: 1
  })
  t.teardown(() => children.close())
  children.ended({ task: 'busy', file: path.join(TASKS_DIR, 'busy.ts') }, 0)
  const first = await children.take(AbortSignal.timeout(60_000), 'busy')
  children.give(first)

  const told = new AbortController()
  const taken = children.take(told.signal, 'busy')
  const since = performance.now()
  setTimeout(() => told.abort('cancelled'), 200)

  await t.rejects(
    taken.catch(reason => Promise.reject(new Error(reason))),
    { message: 'cancelled' }
  )
  const waited = performance.now() - since
  t.ok(waited < 10_000, `${Math.round(waited)} ms`)
  t.equal(children.count, 1)
})
