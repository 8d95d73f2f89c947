import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { type Report, reportProgress } from '#tasks/report.ts'

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
  const latest = new Map<string, Report>()
  let timer: NodeJS.Timeout | undefined
  let last = 0

  async function write() {
    timer = undefined
    last = Date.now()
    const reports = [...latest.values()]
    latest.clear()
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
      const progress = Math.min(Math.max(fraction, 0), 1)
      latest.set(id, { id, attempt, progress, detail: detail ?? null })
      timer ??= setTimeout(write, Math.max(0, last + interval - Date.now()))
    },
    /** What an ended attempt reported last is told by its outcome. */
    forget(id: string) {
      latest.delete(id)
    },
    close() {
      clearTimeout(timer)
      latest.clear()
    }
  }
}
