import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import type { Service } from './service.ts'

const program = path.resolve(import.meta.dirname, '../../src/cli.ts')

export interface WorkerProcess {
  pid: number
  /** Its id, from its log. */
  id: string
  kill(signal: NodeJS.Signals): void
  /** What it has written so far. */
  said(): string
  exited: Promise<{ code: number | null; signal: string | null }>
}

/** A worker as an operator starts it: a process of its own. Resolves when it takes tasks. */
export async function spawnWorker(
  t: Test,
  { env }: Pick<Service, 'env'>,
  more: Record<string, string> = {},
  options: string[] = []
): Promise<WorkerProcess> {
  const worker = spawn(process.execPath, [program, 'worker', ...options], {
    env: { ...process.env, ...env, LOG_LEVEL: 'info', ...more },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const exited = once(worker, 'exit').then(([code, signal]) => ({ code, signal }))
  t.teardown(async () => {
    worker.kill('SIGKILL')
    await exited
  })

  let said = ''
  worker.stderr.on('data', chunk => {
    said += chunk
  })
  const { promise: ready, resolve: isReady } = Promise.withResolvers<string>()
  createInterface({ input: worker.stdout }).on('line', line => {
    said += `${line}\n`
    if (line.includes('"worker ready"')) isReady(JSON.parse(line).worker)
  })
  const id = await Promise.race([
    ready,
    exited.then(() => {
      throw new Error(`The worker ended before it was ready:\n${said}`)
    })
  ])
  return { pid: worker.pid!, id, exited, said: () => said, kill: signal => worker.kill(signal) }
}
