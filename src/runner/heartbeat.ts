import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import { beat } from '#workers/presence.ts'
import { usageMeter } from '#workers/usage.ts'
import type { Bodies } from './bodies/bodies.ts'
import type { Books } from './books/books.ts'
import { stopCancelled } from './cancelled.ts'
import type { Connections } from './connections.ts'
import { patience } from './giving-up.ts'
import type { Intake } from './intake/intake.ts'
import { shutDown } from './shutdown.ts'

interface HeartbeatOptions {
  intake: Intake
  bodies: Bodies
  books: Books
  connections: Connections
  config: Config
  log: Logger
  end(why: string, code: 0 | 1): void
}

// Orphans are looked for at once when a worker is found dead, and now and then in case that worker's finder died too.
const beatsBetweenLooks = 4

/** Shows every few seconds that this worker is alive, does what its row says, and looks for what it was not told. */
export function heartbeat(options: HeartbeatOptions) {
  const { intake, bodies, books, connections, config, log, end } = options
  const giveUp = patience({ seconds: config.WORKER_GIVE_UP_AFTER, bodies, books, end })
  const usage = usageMeter()
  let timer: NodeJS.Timeout | undefined
  let beats = 0
  let beating: Promise<void> | undefined
  let looking: Promise<void> | undefined
  let orphans = false
  let again = false
  let stopped = false

  async function beatOnce() {
    try {
      const { desired, lost } = await books.renewLease(
        { ...(await usage()), children: bodies.children },
        bodies.desk.size
      )
      // Heartbeats may be answered where a claim query has gone into a connection that leads nowhere.
      if (intake.isAnswered()) giveUp.answered()
      else giveUp.silent(new Error('the claim query is without an answer'))
      const shutdown = intake.follow(desired ?? (await startOver()))
      if (shutdown) void shutDown(shutdown, options)
      if (lost > 0) log.warn({ lost }, 'workers went silent; their tasks are handed on')
      if (lost > 0 || beats++ % beatsBetweenLooks === 0) orphans = true
      lookBeside()
    } catch (error) {
      log.debug({ err: error }, 'the lease could not be renewed')
      giveUp.silent(error as Error)
    }
  }

  async function startOver() {
    log.error('another worker declared this one lost; stopping what it runs and starting over under a new id')
    bodies.desk.stopAll('lost')
    return books.worker.startOver(intake.queues(), intake.concurrency())
  }

  /** Beside the heartbeats: a lock on what is looked at must not let the lease run out. */
  function lookBeside() {
    looking ??= look()
      .catch(error => log.warn({ err: error }, 'tasks of other workers could not be looked at; trying again later'))
      .finally(() => {
        looking = undefined
      })
  }

  async function look() {
    await stopCancelled(connections.work, bodies.desk)
    if (!orphans) return
    orphans = false
    await intake.lookForQueues()
    await books.recover.lookForOrphans()
  }

  async function beatUntilCurrent() {
    do {
      again = false
      await beatOnce()
    } while (again && !stopped)
  }

  function start() {
    beating ??= beatUntilCurrent().finally(() => {
      beating = undefined
    })
  }

  /** The row has changed. The answer that is on its way may be older. */
  function now() {
    if (!timer || stopped) return
    again = true
    start()
  }

  return {
    start() {
      timer = setInterval(start, beat * 1000)
      now()
    },
    now,
    async close() {
      stopped = true
      clearInterval(timer)
      await beating
      await looking
    }
  }
}

export type Heartbeat = ReturnType<typeof heartbeat>
