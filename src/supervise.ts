import { type ChildProcess, fork } from 'node:child_process'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { supervised, withoutSecrets, workerSecrets } from '#config.ts'
import { askMetrics } from '#metrics/relay.ts'
import { stepBack } from '#runner/children/priority.ts'
import { taskWarning } from '#tasks/define.ts'

interface SuperviseOptions {
  url: string
  log: Logger
  grace: number
}

const program = path.join(import.meta.dirname, 'cli.ts')
// Lower than the API's priority, higher than its children's.
const nice = 5
// Milliseconds, all three.
const firstPause = 500
const longestPause = 30_000
// A worker that lived this long had started well: its end resets the pause between restarts.
const wellAfter = 60_000

/**
 * The worker of `server`: a process of its own, so that neither can block or crash the other. It is restarted whenever
 * it ends, also after a shutdown by HTTP or SQL: a server without a worker would accept tasks that never run. It is not
 * in the server's process group, so Ctrl-C reaches the server alone, which tells the worker to stop.
 */
export function superviseWorker({ url, log, grace }: SuperviseOptions) {
  const { promise: ready, resolve: isReady, reject: isBroken } = Promise.withResolvers<void>()
  ready.catch(() => {})
  let worker: ChildProcess | undefined
  let stopping = false
  const over = new AbortController()

  async function keepRunning() {
    for (let pause = firstPause; !stopping; ) {
      const since = performance.now()
      const code = await live()
      if (stopping) return
      if (code === 0) {
        log.info('the worker was told to end; starting another')
        continue
      }
      // A worker that was killed may start the next time; one that exits before it is ready has logged why.
      if (typeof code !== 'string') isBroken(new Error('The worker does not start; its own message is above'))
      if (performance.now() - since > wellAfter) pause = firstPause
      log.error({ code, again_in_ms: pause }, 'the worker ended; starting it again')
      await delay(pause, undefined, { signal: over.signal }).catch(() => {})
      pause = Math.min(pause * 2, longestPause)
    }
  }

  function live() {
    worker = fork(program, ['worker', '--grace', String(grace)], {
      detached: true,
      // The first: see scripts/prepare. The second: the server has printed these warnings already.
      execArgv: ['--max-semi-space-size=8', `--disable-warning=${taskWarning}`],
      env: { ...withoutSecrets(process.env), ...workerSecrets(process.env), [supervised]: '1' },
      stdio: ['pipe', 'inherit', 'inherit', 'ipc']
    })
    worker.stdin?.on('error', () => {}).end(url)
    if (worker.pid !== undefined) stepBack(worker.pid, nice)
    worker.on('message', message => message === 'ready' && isReady())
    return new Promise(resolve => {
      worker?.once('error', resolve)
      worker?.once('exit', (code, signal) => resolve(signal ?? code))
    })
  }

  const running = keepRunning()
  return {
    /** Resolves when the worker takes tasks for the first time; rejects when its first start fails. */
    ready,
    /** What the running worker and those before it have counted. */
    metrics: askMetrics(() => worker),
    async stop(graceSeconds: number) {
      stopping = true
      over.abort()
      if (worker?.connected) worker.send('stop', () => {})
      if (graceSeconds === 0) worker?.kill('SIGTERM')
      await Promise.race([running, delay((graceSeconds + 20) * 1000, undefined, { ref: false })])
      if (worker?.exitCode === null) worker.kill('SIGKILL')
    }
  }
}
