import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { borrowDatabase } from './harness/database.ts'
import { until } from './harness/until.ts'

const program = path.resolve(import.meta.dirname, '../src/cli.ts')

t.jobs = 2

/** A command whose log is read through a pipe that is ours, until it is ready. */
async function start(t: Test, command: string) {
  const DATA_DIR = await mkdtemp(path.join(tmpdir(), 'darkroom-log-'))
  t.teardown(() => rm(DATA_DIR, { recursive: true, force: true }))
  const DATABASE_URL = await borrowDatabase(t)
  const started = spawn(process.execPath, [program, command], {
    env: { PATH: process.env.PATH, DATA_DIR, DATABASE_URL, PORT: '0', WORKER_CONCURRENCY: '1' },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const exited = once(started, 'exit').then(([code, signal]) => ({ code, signal }))
  t.teardown(async () => {
    started.kill('SIGKILL')
    await exited
  })
  const lines: string[] = []
  createInterface({ input: started.stdout }).on('line', line => lines.push(line))
  const ready = () => lines.find(line => /answers: http|worker ready/.test(line))
  const line = await until(ready, 'it is ready')
  return { started, exited, lines, address: /answers: (http[^"]+)/.exec(line)?.[1] }
}

for (const command of ['api', 'worker']) {
  t.test(`${command} ends although nobody reads its log any more`, async t => {
    const { started, exited } = await start(t, command)

    started.stdout.destroy()
    started.kill('SIGINT')

    t.strictSame(await exited, { code: 0, signal: null })
  })
}

t.test('whoever reads the log slowly holds nobody up, and misses nothing', async t => {
  const { started, exited, lines, address } = await start(t, 'api')
  const many = 600

  started.stdout.pause()
  for (let count = 0; count < many; count++) {
    const response = await fetch(`${address}/api/tasks/${count}/${'x'.repeat(500)}`)
    t.equal(response.status, 404)
    await response.text()
  }
  started.stdout.resume()

  const told = () => lines.filter(line => line.includes('"msg":"request"')).length
  await until(() => told() === many, 'every line has come')
  started.kill('SIGTERM')
  t.strictSame(await exited, { code: 0, signal: null })
})
