import { type ChildProcess, fork } from 'node:child_process'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { stepBack } from '#runner/children/priority.ts'
import { taskWarning } from '#tasks/define.ts'

interface Needs {
  url: string
  log: Logger
  grace: number
}

const program = path.join(import.meta.dirname, 'cli.ts')
// Behind the API, and before its own children.
const nice = 5
const firstPause = 500
const longestPause = 30_000
// One that has lived for so long was well; what ended it is news, not a loop.
const wellAfter = 60_000

/**
 * The worker of `server`: a process of its own, so that neither can hold up or take down the other, started again
 * whenever it ends, also when somebody has shut it down: a server without a worker would take tasks that nobody runs.
 * It is not in our process group: Ctrl-C is for us, and we tell it.
 */
export function superviseWorker({ url, log, grace }: Needs) {
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
        log.info('the worker was told to end; another takes its place')
        continue
      }
      // One that was killed has said nothing, and the next one may fare better.
      if (typeof code !== 'string') isBroken(new Error('The worker does not start; what it said is above'))
      if (performance.now() - since > wellAfter) pause = firstPause
      log.error({ code, again_in_ms: pause }, 'the worker ended; it is started again')
      await delay(pause, undefined, { signal: over.signal }).catch(() => {})
      pause = Math.min(pause * 2, longestPause)
    }
  }

  function live() {
    worker = fork(program, ['worker', '--grace', String(grace)], {
      detached: true,
      // The first as scripts/prepare says; what the second is about, the server has said already.
      execArgv: ['--max-semi-space-size=8', `--disable-warning=${taskWarning}`],
      env: { ...process.env, DATABASE_URL: url },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc']
    })
    if (worker.pid !== undefined) stepBack(worker.pid, nice)
    worker.on('message', message => message === 'ready' && isReady())
    return new Promise(resolve => {
      worker?.once('error', resolve)
      worker?.once('exit', (code, signal) => resolve(signal ?? code))
    })
  }

  const running = keepRunning()
  return {
    /** Resolves when it takes tasks for the first time; rejects when its first start fails. */
    ready,
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
