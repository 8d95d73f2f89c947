import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Claim } from '#tasks/attempts/claim.ts'
import { type Report, reportProgress } from '#tasks/attempts/report.ts'
import type { Kinds } from '#tasks/define.ts'
import type { Voice } from '#tasks/voice.ts'

// Milliseconds. A front end polls once a second; more often only costs the database.
const interval = 1_000

interface ProgressWriterOptions {
  pool: Pool
  kinds: Kinds
  voice: Voice
  log: Logger
}

/** A running attempt. */
interface Reporting {
  claim: Pick<Claim, 'id' | 'attempt' | 'worker' | 'task'>
  stop(reason: 'lost'): void
}

interface Reported extends Report {
  of: Reporting
}

/** Collects reports and writes once a second at most, for all attempts of the worker together. */
export function progressWriter({ pool, kinds, voice, log }: ProgressWriterOptions) {
  // Last report of each running attempt. Kept after a write, because a write may fail or come too late.
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
      const written = reports.filter(({ id }) => ours.has(id))
      voice.changed(...ours, ...(await alsoChanged(pool, kinds, written)))
      // The attempt is no longer this worker's.
      for (const { id, of } of reports) if (!ours.has(id)) of.stop('lost')
    } catch (error) {
      // No retry: the next report replaces this one.
      log.debug({ err: error }, 'progress could not be written; the next report replaces it')
    }
  }

  return {
    report(of: Reporting, fraction: number, detail: unknown) {
      if (!Number.isFinite(fraction)) return
      const { id, attempt, worker } = of.claim
      // Postgres refuses values that are too small for a `real`.
      const progress = fraction < 1e-30 ? 0 : Math.min(fraction, 1)
      latest.set(id, { id, attempt, worker, progress, detail: detail ?? null, of })
      unwritten.add(id)
      timer ??= setTimeout(write, Math.max(0, writtenAt + interval - performance.now()))
    },
    /** Last report of an ended attempt, to be written with its outcome. */
    take(id: string, attempt: number): Pick<Report, 'progress' | 'detail'> | undefined {
      const last = latest.get(id)
      // A lost attempt may end after the next attempt of its task has started here.
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

/** Other tasks whose progress follows from these: films from their parts. */
async function alsoChanged(pool: Pool, kinds: Kinds, written: Reported[]) {
  const changed: string[] = []
  for (const [task, all] of Map.groupBy(written, ({ of }) => of.claim.task)) {
    const ids = all.map(({ id }) => id)
    changed.push(...((await kinds.get(task)?.reported?.(pool, ids)) ?? []))
  }
  return changed
}
