import type { Logger } from 'pino'
import type { Metrics } from '#metrics/metrics.ts'
import { openCounter } from '#stats/counter.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Kinds } from '#tasks/define.ts'
import { voiceOf } from '#tasks/voice.ts'
import type { Report } from '#workers/presence.ts'
import type { Connections } from '../connections.ts'
import type { Media } from '../media.ts'
import { asideWriter } from './aside.ts'
import type { EndedAttempt } from './ended-attempt.ts'
import { followUps } from './follow-up.ts'
import { openLease } from './lease.ts'
import { logWriter } from './log.ts'
import { progressWriter } from './progress.ts'
import { recovery } from './recovery.ts'
import { openRegistration } from './registration.ts'
import { settler } from './settler.ts'
import { unwrittenEndings } from './unwritten.ts'

interface OpenBooksOptions {
  connections: Connections
  id: string
  version: string
  kinds: Kinds
  media: Media
  metrics: Metrics
  log: Logger
}

/**
 * Everything that a worker writes: progress and endings of its attempts, its own row and lease, and the recovery of
 * lost tasks.
 */
export function openBooks({ connections, id, version, kinds, media, metrics, log }: OpenBooksOptions) {
  const { work, outcomes, aside: alone, heartbeats } = connections
  const voice = voiceOf(work.pool)
  const counter = openCounter({ pool: work.pool, metrics, log })
  const registration = openRegistration({ pool: heartbeats.pool, id, version, kinds, media })
  const lease = openLease({ pool: heartbeats.pool, registration })
  const progress = progressWriter({ pool: work.pool, kinds, voice, log })
  const attemptLog = logWriter({ db: work, log })
  const followUp = followUps({ pool: outcomes.pool, voice, counter, log })
  const aside = asideWriter({ db: alone, log, followUp })
  const settling = settler({ db: outcomes, log, aside, followUp })
  const recover = recovery({ db: work, voice, counter, log })
  const writing = unwrittenEndings({ settling, aside, followUp, log })
  let lastEntry = performance.now()

  return {
    voice,
    worker: registration,
    recover,
    report: progress.report,
    /** What attempts say while they run. */
    log: attemptLog,

    /** The body of a claimed task starts, so many milliseconds after the claim. */
    begun({ task, queue, waited }: Claim, after: number) {
      counter.started({ task, queue }, waited === null ? null : waited + after)
    },
    writeCounts: counter.write,

    /** Takes the ending of an attempt, and writes it as soon as the database accepts it. */
    enter({ claim, kind, ending, ran }: EndedAttempt) {
      const reported = progress.take(claim.id, claim.attempt)
      if (ending.worker === registration.id) registration.tally.ended(ending.outcome)
      lastEntry = performance.now()
      settling.add({ claim, kind, ending: reported ? { ...ending, reported } : ending, ran })
    },
    /** Nothing is written of an attempt that Postgres has forgotten: its number is another's. */
    forget({ id, attempt }: Claim) {
      progress.take(id, attempt)
      log.warn({ task: id, attempt }, 'Postgres has crashed and forgotten an attempt; its outcome is dropped')
    },
    ...writing,
    /** Time of the last ending, by performance.now(). */
    lastEntry: () => lastEntry,

    renewLease: (usage: Omit<Report, 'tasks'>, running: number) =>
      lease.renew({ ...usage, tasks: registration.tally.counts(running) }),
    isLeaseKept: lease.isKept,

    async close() {
      progress.close()
      await attemptLog.close()
      settling.close()
      aside.close()
      await counter.close()
      await registration.close()
      await voice.flush()
    }
  }
}

export type Books = ReturnType<typeof openBooks>
