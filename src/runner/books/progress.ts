import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Claim } from '#tasks/attempts/claim.ts'
import { type Report, reportProgress } from '#tasks/attempts/report.ts'
import type { Voice } from '#tasks/voice.ts'

// Milliseconds. A front end polls once a second; more often only costs the database.
const interval = 1_000

interface ProgressWriterOptions {
  pool: Pool
  voice: Voice
  log: Logger
}

/** An attempt that runs. */
interface Reporting {
  claim: Pick<Claim, 'id' | 'attempt'>
  stop(reason: 'lost'): void
}

interface Reported extends Report {
  of: Reporting
}

/** Many reports in, at most one write a second out, for all attempts of the worker together. */
export function progressWriter({ pool, voice, log }: ProgressWriterOptions) {
  // Of each attempt that runs and has reported; also what is written, for a write may fail or come too late.
  const latest = new Map<string, Reported>()
  const unwritten = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let writtenAt = Number.NEGATIVE_INFINITY

  async function write() {
    timer = undefined
    writtenAt = performance.now()
    const reports = [...unwritten].flatMap(id => latest.get(id) ?? [])
    unwritten.clear()
    if (reports.length === 0) return
    try {
      const ours = await reportProgress(
        pool,
        reports.map(({ of: _, ...report }) => report)
      )
      voice.changed(...ours)
      // The attempt is no longer ours.
      for (const { id, of } of reports) if (!ours.has(id)) of.stop('lost')
    } catch (error) {
      // The next report says more than this one would have.
      log.debug({ err: error }, 'progress could not be written')
    }
  }

  return {
    report(of: Reporting, fraction: number, detail: unknown) {
      if (!Number.isFinite(fraction)) return
      const { id, attempt } = of.claim
      // Postgres refuses what is too small for a `real`.
      const progress = fraction < 1e-30 ? 0 : Math.min(fraction, 1)
      latest.set(id, { id, attempt, progress, detail: detail ?? null, of })
      unwritten.add(id)
      timer ??= setTimeout(write, Math.max(0, writtenAt + interval - performance.now()))
    },
    /** What an attempt that has ended reported last: it is written with the outcome. */
    take(id: string, attempt: number): Pick<Report, 'progress' | 'detail'> | undefined {
      const last = latest.get(id)
      // An attempt that was lost may end after the next one of its task has begun here.
      if (last?.attempt !== attempt) return undefined
      latest.delete(id)
      unwritten.delete(id)
      return { progress: last.progress, detail: last.detail }
    },
    close() {
      clearTimeout(timer)
      unwritten.clear()
    }
  }
}
