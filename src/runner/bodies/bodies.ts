import type { Logger } from 'pino'
import { provideDatabaseUrl } from '#calling/database-url.ts'
import type { Config } from '#config.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Kind, Kinds } from '#tasks/define.ts'
import { redactor } from '#tasks/log/redact.ts'
import type { Books } from '../books/books.ts'
import { typeboxInOneFile } from '../children/one-file.ts'
import { ChildPool } from '../children/pool.ts'
import type { Connections } from '../connections.ts'
import type { Media } from '../media.ts'
import { openDesk } from './desk.ts'
import { runAttempt } from './run-attempt.ts'
import { attemptStarter } from './start-attempt.ts'
import { failBodiesAlone } from './uncaught.ts'

interface OpenBodiesOptions {
  config: Config
  kinds: Kinds
  connections: Connections
  books: Books
  media: Media
  log: Logger
  /** Environment of the child processes. */
  env: NodeJS.ProcessEnv
}

/** Runs claimed tasks in child processes or in the worker itself, and hands each ending to the books. */
export async function openBodies({ config, kinds, connections, books, media, log, env }: OpenBodiesOptions) {
  const children = new ChildPool({
    env: { ...env, ...media.env, DARKROOM_TYPEBOX: await typeboxInOneFile(log) },
    databaseUrl: connections.work.url,
    ...sizesOf(config)
  })
  // For inline bodies.
  const uncaught = failBodiesAlone()
  const stopProviding = provideDatabaseUrl(async () => connections.work.url)
  const desk = openDesk()
  const redact = redactor(config.DATA_DIR)
  const start = attemptStarter({ config, connections, books, children, log })
  let thereIsRoom = (_kind: string, _milliseconds: number) => {}

  async function run(claim: Claim, kind: Kind) {
    thereIsRoom(kind.name, await runAttempt(claim, kind, { start, desk, books, redact, log }))
  }

  return {
    desk,
    /** Starts a claimed task; false where this worker does not know its kind. */
    begin(claim: Claim): boolean {
      const kind = kinds.get(claim.task)
      if (kind) void run(claim, kind)
      return kind !== undefined
    },
    /** Calls when there is room for another task, with the kind and duration of the previous one. */
    onRoom(call: (kind: string, milliseconds: number) => void) {
      thereIsRoom = call
    },
    resize: (size: number) => children.resize(size),
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

function sizesOf({ WORKER_CONCURRENCY, WORKER_MAX_TASKS_PER_CHILD, WORKER_MAX_MEMORY_PER_CHILD: mebibytes }: Config) {
  return {
    size: WORKER_CONCURRENCY,
    maxTasks: WORKER_MAX_TASKS_PER_CHILD,
    maxMemory: mebibytes && mebibytes * 1024 ** 2
  }
}
