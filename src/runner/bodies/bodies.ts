import type { Logger } from 'pino'
import { provideDatabaseUrl } from '#calling/database-url.ts'
import type { Config } from '#config.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Ending } from '#tasks/attempts/ending.ts'
import type { Kind, Kinds } from '#tasks/define.ts'
import { Tail } from '#tasks/log/tail.ts'
import type { Books } from '../books/books.ts'
import { typeboxInOneFile } from '../children/one-file.ts'
import { childPool } from '../children/pool.ts'
import type { Connections } from '../connections.ts'
import type { Attempt } from './attempt.ts'
import { openDesk } from './desk.ts'
import { runInChild } from './in-child.ts'
import { failBodiesAlone, runInline } from './inline.ts'
import type { Limits } from './limits.ts'

// Seconds. A module that is still loading by then waits for something that does not come.
const longestLoad = 60

interface OpenBodiesOptions {
  config: Config
  kinds: Kinds
  connections: Connections
  books: Books
  log: Logger
  /** Environment of the child processes. */
  env: NodeJS.ProcessEnv
}

/** Runs claimed tasks in child processes or in the worker itself, and hands each ending to the books. */
export async function openBodies({ config, kinds, connections, books, log, env }: OpenBodiesOptions) {
  const DARKROOM_TYPEBOX = await typeboxInOneFile(log)
  const children = childPool({
    env: { ...env, DARKROOM_TYPEBOX },
    databaseUrl: connections.work.url,
    size: config.WORKER_CONCURRENCY,
    maxTasks: config.WORKER_MAX_TASKS_PER_CHILD,
    maxMemory: config.WORKER_MAX_MEMORY_PER_CHILD && config.WORKER_MAX_MEMORY_PER_CHILD * 1024 ** 2
  })
  const uncaught = failBodiesAlone()
  // For inline bodies.
  const stopProviding = provideDatabaseUrl(async () => connections.work.url)
  const desk = openDesk()
  let thereIsRoom = (_milliseconds: number) => {}

  /** Runs an attempt and has its ending written. */
  async function run(claim: Claim, kind: Kind) {
    const since = performance.now()
    const tail = new Tail()
    let began = false
    const attempt = start(claim, kind, tail, () => {
      began = true
      books.begun(claim, performance.now() - since)
      books.log.follow(claim, tail)
    })
    desk.add(attempt)
    log.debug({ task: claim.id, kind: claim.task, attempt: claim.attempt }, 'attempt started')
    const ending = await attempt.ended
    desk.remove(attempt)
    books.log.end(claim)
    logEnd(log, claim, ending)
    const ran = Date.now() - ending.started_at.getTime()
    books.enter({ claim, kind, ending, ran: began ? ran : undefined })
    thereIsRoom(ran)
  }

  function start(claim: Claim, kind: Kind, tail: Tail, onBegin: () => void): Attempt {
    // An inline body can report progress before `attempt` is assigned.
    const reporting = { claim, stop: (reason: 'lost') => attempt.stop(reason) }
    const options = {
      worker: books.worker.id,
      limits: limitsOf(claim, kind, config),
      tail,
      onBegin,
      onProgress: (fraction: number, detail: unknown) => books.report(reporting, fraction, detail),
      onLog: (line: string) => log.info({ task: claim.id }, line)
    }
    const attempt: Attempt =
      kind.pool === 'inline'
        ? runInline(claim, kind, { ...options, db: connections.bodies })
        : runInChild(claim, kind, { ...options, children })
    return attempt
  }

  return {
    desk,
    /** Starts a claimed task; false where this worker does not know its kind. */
    begin(claim: Claim): boolean {
      const kind = kinds.get(claim.task)
      if (kind) void run(claim, kind)
      return kind !== undefined
    },
    /** Calls when there is room for another task, with the duration of the previous one. */
    onRoom(call: (milliseconds: number) => void) {
      thereIsRoom = call
    },
    resize: children.resize,
    get children() {
      return children.count
    },
    /** Resolves when every child can take work. */
    async ready() {
      await children.ready().catch(error => log.error({ err: error }, 'a child process did not start; retrying'))
    },
    async close() {
      await children.close()
      uncaught.close()
      stopProviding()
    }
  }
}

export type Bodies = Awaited<ReturnType<typeof openBodies>>

/** One log line per attempt: a warning where the task has failed for good. */
function logEnd(log: Logger, claim: Claim, { outcome, error, stack, next, started_at }: Ending) {
  const { id, task: kind, attempt, request_id } = claim
  const { video_id } = (claim.args ?? {}) as { video_id?: unknown }
  const line = {
    task: id,
    kind,
    attempt,
    outcome,
    error: error && { ...error, stack },
    seconds: (Date.now() - started_at.getTime()) / 1000,
    video_id: typeof video_id === 'string' ? video_id : undefined,
    request_id: request_id ?? undefined
  }
  if (next.state === 'FAILURE') log.warn(line, 'task failed')
  else log.info(line, 'attempt ended')
}

/** Limits of the task, else of its kind, else of the deployment. */
function limitsOf(claim: Claim, kind: Kind, config: Config): Limits {
  return {
    soft: claim.soft_time_limit ?? kind.soft_time_limit ?? config.TASK_SOFT_TIME_LIMIT,
    hard: claim.time_limit ?? kind.time_limit ?? config.TASK_TIME_LIMIT,
    stall: kind.stall_limit,
    load: longestLoad
  }
}
