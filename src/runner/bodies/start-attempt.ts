import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Kind } from '#tasks/define.ts'
import type { Tail } from '#tasks/log/tail.ts'
import type { Books } from '../books/books.ts'
import type { ChildPool } from '../children/pool.ts'
import type { Connections } from '../connections.ts'
import type { Attempt } from './attempt.ts'
import { type AttemptTrace, marksOf } from './attempt-trace.ts'
import { runInChild } from './in-child.ts'
import { runInline } from './inline.ts'
import type { Limits } from './limits.ts'

// Seconds. A module that is still loading by then waits for something that does not come.
const longestLoad = 60

interface AttemptStarterOptions {
  config: Config
  connections: Connections
  books: Pick<Books, 'report'>
  children: ChildPool
  log: Logger
}

/** What is kept of an attempt while it runs. */
interface Kept {
  tail: Tail
  trace: AttemptTrace
}

/** Starts attempts where their kind wants to run, with the limits that hold for them. */
export function attemptStarter({ config, connections, books, children, log }: AttemptStarterOptions) {
  return function start(claim: Claim, kind: Kind, { tail, trace }: Kept, onBegin: (pid?: number) => void): Attempt {
    const marks = { task: claim.id, ...marksOf(claim, trace) }
    // An inline body can report progress before `attempt` is assigned.
    const reporting = { claim, stop: (reason: 'lost') => attempt.stop(reason) }
    const options = {
      limits: limitsOf(claim, kind, config),
      tail,
      traceparent: trace.traceparent,
      onBegin,
      onProgram: trace.ran,
      onProgress: (fraction: number, detail: unknown) => books.report(reporting, fraction, detail),
      onLog: (line: string) => log.info(marks, line)
    }
    const attempt: Attempt =
      kind.pool === 'inline'
        ? runInline(claim, kind, { ...options, db: connections.bodies })
        : runInChild(claim, kind, { ...options, children })
    log.debug({ ...marks, kind: claim.task, attempt: claim.attempt }, 'attempt started')
    return attempt
  }
}

export type StartAttempt = ReturnType<typeof attemptStarter>

/** Limits of the task, else of its kind, else of the deployment. */
function limitsOf(claim: Claim, kind: Kind, config: Config): Limits {
  return {
    soft: claim.soft_time_limit ?? kind.soft_time_limit ?? config.TASK_SOFT_TIME_LIMIT,
    hard: claim.time_limit ?? kind.time_limit ?? config.TASK_TIME_LIMIT,
    stall: kind.stall_limit,
    load: longestLoad
  }
}
