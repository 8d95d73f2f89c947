import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { isGone } from '../harness/gone.ts'
import { skipWithoutProc } from '../harness/processes.ts'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'

const tell = 'appendFileSync(args.file, left + "\\n")'

// Processes that a body may have left running when it fails.
const leftovers: Record<string, string> = {
  'a process': `const left = spawn('sleep', ['777']).pid`,
  'one in a session of its own': `const left = spawn('sleep', ['777'], { detached: true, stdio: 'ignore' }).pid`,
  'one that a shell has left': `
    const { execFileSync } = await import('node:child_process')
    const left = execFileSync('sh', ['-c', 'sleep 777 > /dev/null 2>&1 & echo $!'], { encoding: 'utf8' }).trim()`,
  'one that a thread has started': `
    const { Worker } = await import('node:worker_threads')
    const { once } = await import('node:events')
    const program = \`const { spawn } = require('node:child_process')
      require('node:worker_threads').parentPort.postMessage(spawn('sleep', ['777']).pid)
      setInterval(() => {}, 1_000)\`
    const [left] = await once(new Worker(program, { eval: true }), 'message')`
}

const names = Object.keys(leftovers)
const folder = await taskFolder(t, {
  ...Object.fromEntries(
    names.map((name, index) => [
      `${index}.ts`,
      taskModule(`left${index}`, `${leftovers[name]}; ${tell}; throw new Error('no')`, 'max_retries: 2')
    ])
  ),
  'late.ts': taskModule(
    'late',
    `const left = spawn('sleep', ['777']).pid; ${tell}; await delay(600_000, undefined, { signal })`,
    'max_retries: 0, soft_time_limit: 0.3'
  ),
  'well.ts': taskModule('well', `const left = spawn('sleep', ['777']).pid; ${tell}; return process.pid`),
  'clean.ts': taskModule(
    'clean',
    `const { spawnSync } = await import('node:child_process')
     if (args.start) spawnSync('true')
     const left = process.pid; ${tell}; throw new Error('no')`,
    'max_retries: 2'
  )
})

const told = async (file: string) => (await readFile(file, 'utf8')).trim().split('\n').map(Number)

async function pidsOf(service: Service, task: string, args = {}) {
  const file = path.join(service.dataDir, task)
  await service.finished(await service.submit(task, { file, ...args }))
  return told(file)
}

t.test('processes that a failed body has started end before its next attempt', { skip: skipWithoutProc }, async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder }, worker: true })

  for (const [index, name] of names.entries()) {
    const pids = await pidsOf(service, `left${index}`)

    t.equal(pids.length, 3)
    t.ok(pids.every(isGone), `${name} is gone before its end is announced`)
  }
  const pids = await pidsOf(service, 'late')
  t.ok(pids.every(isGone), 'so it is at a soft time limit')
})

for (const [how, args] of Object.entries({ 'has started nothing': {}, 'has left nothing': { start: true } })) {
  t.test(`a failure that ${how} keeps its process`, { skip: skipWithoutProc }, async t => {
    const service = await openService(t, { env: { TASKS_DIR: folder, WORKER_CONCURRENCY: '1' }, worker: true })

    const pids = await pidsOf(service, 'clean', args)

    t.equal(pids.length, 3)
    t.equal(new Set(pids).size, 1)
  })
}

t.test('processes that a successful body has left live until their child process is replaced', async t => {
  const env = { TASKS_DIR: folder, WORKER_CONCURRENCY: '1', WORKER_MAX_TASKS_PER_CHILD: '2' }
  const service = await openService(t, { env, worker: true })

  const [left] = await pidsOf(service, 'well')

  t.notOk(isGone(left!))
  await service.finished(await service.submit('add', { x: 1, y: 1 }))
  await until(() => isGone(left!), 'it goes with its process')
})
