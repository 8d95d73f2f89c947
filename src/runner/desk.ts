import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import type { Database } from '#database/connect.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Ending } from '#tasks/attempts/ending.ts'
import type { Kind, Kinds } from '#tasks/define.ts'
import { type Attempt, runInChild } from './attempt.ts'
import type { ChildPool } from './children/pool.ts'
import type { StopReason } from './children/protocol.ts'
import { runInline } from './inline.ts'
import type { InlineBodies } from './inline-bodies.ts'
import type { Limits } from './limits.ts'

// Seconds. A module that is still not loaded then waits for something that does not come.
const longestLoad = 60

interface Needs {
  db: Database
  config: Config
  kinds: Kinds
  children: ChildPool
  bodies: InlineBodies
  log: Logger
  worker(): string
  onProgress(claim: Claim, fraction: number, detail: unknown): void
  onEnded(claim: Claim, kind: Kind | undefined, ending: Ending): void
}

/** What the worker has in hand: attempts that run, and short tasks that were taken ahead and wait for a child. */
export function openDesk({ db, config, kinds, children, bodies, log, worker, onProgress, onEnded }: Needs) {
  const attempts = new Map<string, Attempt>()
  let closing = false

  function stopAll(reason: StopReason) {
    for (const attempt of attempts.values()) attempt.stop(reason)
  }

  return {
    begin(claim: Claim) {
      const kind = kinds.get(claim.task)
      const needs = {
        worker: worker(),
        limits: limitsOf(claim, kind, config),
        onProgress: (fraction: number, detail: unknown) => onProgress(claim, fraction, detail),
        onLog: (line: string) => log.info({ task: claim.id }, line)
      }
      const attempt =
        kind?.pool === 'inline'
          ? runInline(claim, kind, { ...needs, db, bodies })
          : runInChild(claim, kind, { ...needs, children })
      attempts.set(claim.id, attempt)
      if (closing) attempt.stop('shutdown')
      log.debug({ task: claim.id, kind: claim.task, attempt: claim.attempt }, 'started')

      void attempt.ended.then(ending => {
        // One that was lost may end after the next one of the same task has begun here.
        if (attempts.get(claim.id) === attempt) attempts.delete(claim.id)
        const { outcome, error, started_at } = ending
        const seconds = (Date.now() - started_at.getTime()) / 1000
        log.info({ task: claim.id, kind: claim.task, attempt: claim.attempt, outcome, error, seconds }, 'ended')
        onEnded(claim, kind, ending)
      })
    },

    get size() {
      return attempts.size
    },
    ids: () => [...attempts.keys()],
    queues: () => [...attempts.values()].map(({ claim }) => claim.queue),
    find: (task: string) => attempts.get(task),

    /**
     * Takes back what has waited so long for a child and has not begun; from here on it is not in hand. Of what was
     * taken first so many are kept.
     */
    recall(milliseconds: number, kept = 0): Claim[] {
      const late = performance.now() - milliseconds
      const recalled = [...attempts.values().drop(kept)].filter(attempt => attempt.since <= late && attempt.recall())
      for (const { claim } of recalled) attempts.delete(claim.id)
      return recalled.map(({ claim }) => claim)
    },

    /** What begins from here on is stopped at once. */
    close() {
      closing = true
    },
    stopAll,
    async ended() {
      await Promise.all([...attempts.values()].map(({ ended }) => ended))
    }
  }
}

/** The task's own limits, else its kind's, else the deployment's. */
function limitsOf(claim: Claim, kind: Kind | undefined, config: Config): Limits {
  return {
    soft: claim.soft_time_limit ?? kind?.soft_time_limit ?? config.TASK_SOFT_TIME_LIMIT,
    hard: claim.time_limit ?? kind?.time_limit ?? config.TASK_TIME_LIMIT,
    stall: kind?.stall_limit,
    load: longestLoad
  }
}
