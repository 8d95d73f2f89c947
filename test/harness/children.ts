import { randomUUID } from 'node:crypto'
import path from 'node:path'
import type { Test } from 'tap'
import { loadKinds } from '../../src/catalogue/catalogue.ts'
import { readConfig } from '../../src/config.ts'
import { runInChild } from '../../src/runner/bodies/in-child.ts'
import type { Limits } from '../../src/runner/bodies/limits.ts'
import { ChildPool } from '../../src/runner/children/pool.ts'
import type { Ending } from '../../src/tasks/endings/ending.ts'
import { Tail } from '../../src/tasks/log/tail.ts'

interface Options {
  TASKS_DIR: string
  env?: NodeJS.ProcessEnv
  size?: number
  /** Tasks after which a child is replaced. */
  maxTasks?: number
  limits?: Partial<Limits>
  longestStart?: number
}

/** The children of a worker without the worker: real processes, but no claims and no writes. */
export async function openChildren(t: Test, options: Options) {
  const { TASKS_DIR, env = {}, size = 1, maxTasks = 1_000, limits = {}, longestStart } = options
  const settings = { TASKS_DIR, DATA_DIR: path.join(TASKS_DIR, 'data') }
  const kinds = await loadKinds(readConfig(settings))
  const children = new ChildPool({
    env: { ...process.env, ...settings, ...env },
    databaseUrl: 'postgres://nowhere',
    size,
    maxTasks,
    longestStart
  })
  t.teardown(() => children.close())

  /** Runs a first attempt to its end. */
  return function run(task: string, args: unknown = {}): Promise<Ending> {
    const claim = {
      id: randomUUID(),
      queue: 'default',
      task,
      args,
      attempt: 1,
      was: 'created',
      place: '(0,1)',
      failures: 0,
      crashes: 0,
      outages: 0,
      max_retries: 0,
      retry_delay: null,
      retry_backoff: null,
      retry_backoff_max: null,
      retry_jitter: null,
      time_limit: null,
      soft_time_limit: null,
      request_id: null,
      traceparent: null,
      waited: 0,
      worker: randomUUID()
    }
    const attempt = runInChild(claim, kinds.get(task)!, {
      children,
      limits: { soft: undefined, hard: undefined, stall: undefined, load: 60, ...limits },
      tail: new Tail(),
      traceparent: undefined,
      onBegin() {},
      onProgram() {},
      onProgress() {},
      onLog() {}
    })
    return attempt.ended
  }
}
