import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { type Report, reportProgress } from '#tasks/attempts/report.ts'

// A front end polls once a second; more often only costs the database.
const interval = 1_000

interface Needs {
  pool: Pool
  log: Logger
  onWritten(ids: string[]): void
  /** The attempt is no longer ours. */
  onLost(id: string, attempt: number): void
}

/** Many reports in, at most one write a second out, for all attempts of the worker together. */
export function progressWriter({ pool, log, onWritten, onLost }: Needs) {
  // Of every attempt that runs and has said something; what was written too, for a write may fail or come too late.
  const latest = new Map<string, Report>()
  const unwritten = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let last = Number.NEGATIVE_INFINITY

  async function write() {
    timer = undefined
    last = performance.now()
    const reports = [...unwritten].flatMap(id => latest.get(id) ?? [])
    unwritten.clear()
    if (reports.length === 0) return
    try {
      const ours = await reportProgress(pool, reports)
      onWritten([...ours])
      for (const { id, attempt } of reports) if (!ours.has(id)) onLost(id, attempt)
    } catch (error) {
      // The next report says more than this one would have.
      log.debug({ err: error }, 'progress could not be written')
    }
  }

  return {
    report(id: string, attempt: number, fraction: number, detail: unknown) {
      if (!Number.isFinite(fraction)) return
      // What is smaller cannot be kept in a `real` of Postgres, which would refuse it.
      const progress = fraction < 1e-30 ? 0 : Math.min(fraction, 1)
      latest.set(id, { id, attempt, progress, detail: detail ?? null })
      unwritten.add(id)
      timer ??= setTimeout(write, Math.max(0, last + interval - performance.now()))
    },
    /** What an attempt that has ended reported last: to be told with its outcome. */
    take(id: string, attempt: number): Pick<Report, 'progress' | 'detail'> | undefined {
      const last = latest.get(id)
      // One that we had lost may end after the next one has begun here.
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
