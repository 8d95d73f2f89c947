import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import { beat } from '#workers/presence.ts'
import { usageMeter } from '#workers/usage.ts'
import { besideHeartbeats } from './beside.ts'
import type { Bodies } from './bodies/bodies.ts'
import type { Books } from './books/books.ts'
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

// Orphans are looked for at once when a worker is found dead; periodically too, in case the worker that found it died
// as well.
const beatsBetweenLooks = 4

/**
 * Renews the worker's lease every few seconds, applies the desired state of its row, and finds what lost notifications
 * announced.
 */
export function heartbeat(options: HeartbeatOptions) {
  const { intake, bodies, books, config, log, end } = options
  const giveUp = patience({ seconds: config.WORKER_GIVE_UP_AFTER, bodies, books, end })
  const usage = usageMeter()
  const beside = besideHeartbeats({
    ...options,
    onError: error => log.warn({ err: error }, 'the check for cancelled and orphaned tasks failed; retrying later')
  })
  const rounds = inRounds(beatOnce)
  let beats = 0

  async function beatOnce() {
    // Beside the lease, which must not wait for it.
    void books.writeCounts()
    try {
      const { desired, lost } = await books.renewLease(
        { ...(await usage()), children: bodies.children },
        bodies.desk.size
      )
      // Heartbeats may be answered while a claim query hangs in a dead connection.
      if (intake.isAnswered()) giveUp.answered()
      else giveUp.silent(new Error('the claim query got no response in 10 s'))
      const shutdown = intake.follow(desired ?? (await startOver()))
      if (shutdown) void shutDown(shutdown, options)
      if (lost > 0) log.warn({ lost }, 'workers missed their heartbeats for 10 s; their tasks are retried elsewhere')
      if (lost > 0 || beats++ % beatsBetweenLooks === 0) beside.wantOrphans()
      beside.look()
    } catch (error) {
      log.debug({ err: error }, 'the lease could not be renewed; retrying at the next heartbeat')
      giveUp.silent(error as Error)
    }
  }

  async function startOver() {
    log.error('another worker declared this one lost; stopping its attempts and registering under a new id')
    bodies.desk.stopAll('lost')
    return books.worker.startOver(intake.queues(), intake.concurrency())
  }

  return {
    start: rounds.start,
    /** The row has changed; a heartbeat's answer in transit may be older. */
    now: rounds.now,
    async close() {
      await rounds.close()
      await beside.close()
    }
  }
}

/** One heartbeat at a time: one that is asked for while another is on its way follows it. */
function inRounds(beatOnce: () => Promise<void>) {
  let timer: NodeJS.Timeout | undefined
  let beating: Promise<void> | undefined
  let again = false
  let stopped = false

  async function beatUntilCurrent() {
    do {
      again = false
      await beatOnce()
    } while (again && !stopped)
  }

  function begin() {
    beating ??= beatUntilCurrent().finally(() => {
      beating = undefined
    })
  }

  function now() {
    if (!timer || stopped) return
    again = true
    begin()
  }

  return {
    start() {
      timer = setInterval(begin, beat * 1000)
      now()
    },
    now,
    async close() {
      stopped = true
      clearInterval(timer)
      await beating
    }
  }
}

export type Heartbeat = ReturnType<typeof heartbeat>
