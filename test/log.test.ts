import t from 'tap'
import { borrowDatabase } from './harness/database.ts'
import { addressOf, startProgram } from './harness/program.ts'
import { until } from './harness/until.ts'

t.jobs = 2

for (const [command, ready] of Object.entries({ api: 'answers: http', worker: 'worker ready' })) {
  t.test(`${command} ends although its log has no reader any more`, async t => {
    const started = await startProgram(t, command, { env: { DATABASE_URL: await borrowDatabase(t) } })
    await started.heard(ready)

    started.stdout.destroy()
    started.kill('SIGINT')

    t.strictSame(await started.exited, { code: 0, signal: null })
  })
}

t.test('a slow reader of the log blocks no request, and misses no line', async t => {
  const started = await startProgram(t, 'api', { env: { DATABASE_URL: await borrowDatabase(t) } })
  const address = await addressOf(started)
  const many = 600

  started.stdout.pause()
  for (let count = 0; count < many; count++) {
    const response = await fetch(`${address}/api/tasks/${count}/${'x'.repeat(500)}`)
    t.equal(response.status, 404)
    await response.text()
  }
  started.stdout.resume()

  const told = () => started.said.filter(line => line.includes('"msg":"request"')).length
  await until(() => told() === many, 'every line has come')
  started.kill('SIGTERM')
  t.strictSame(await started.exited, { code: 0, signal: null })
})
