import { type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client'
import { hearEncoded } from './encoded.ts'
import { familiesIn } from './families.ts'

/** Kind and queue of a task. */
interface Lane {
  task: string
  queue: string
}

export type Outcome = 'success' | 'failure' | 'revoked'

/** Families with their values, as one process hands them to another. */
export type Snapshot = MetricObjectWithValues<MetricValue<string>>[]

// SQL may name any kind and queue. Beyond so many pairs the rest is counted together, so that a scrape stays small.
const mostLanes = 500
const other: Lane = { task: 'other', queue: 'other' }

/**
 * What this process counts. A task, a request or a byte is counted in one process only, so the sum over all of them is
 * right. What the database knows at the time of a scrape is in `stats/gauges.ts`.
 */
export function openMetrics() {
  const registry = new Registry()
  const { submitted, ended, wait, run, request, encoding, uploaded } = familiesIn(registry)
  const bounded = boundedLanes()
  const unhear = hearEncoded(({ rungs, seconds }) => {
    for (const rung of rungs) encoding.observe({ rung }, seconds)
  })

  return {
    registry,
    submitted: (of: Lane, count: number) => submitted.inc(bounded(of), count),
    ended: (of: Lane, outcome: Outcome, count = 1) => ended.inc({ ...bounded(of), outcome }, count),
    /** Milliseconds, as the two that follow. */
    waited: (of: Lane, ms: number) => wait.observe(bounded(of), ms / 1000),
    ran: (of: Lane, ms: number) => run.observe(bounded(of), ms / 1000),
    requested: (labels: { method: string; route: string; status: number }, ms: number) =>
      request.observe(labels, ms / 1000),
    uploaded: (bytes: number) => uploaded.inc(bytes),
    /** All families, the process's own ones included, as text. */
    text: () => registry.metrics(),
    close: unhear,
    snapshot: () => registry.getMetricsAsJSON() as Promise<Snapshot>
  }
}

/** Passes the first lanes on, and all others as one. */
function boundedLanes() {
  const known = new Set<string>()
  return ({ task, queue }: Lane): Lane => {
    const key = `${task}\0${queue}`
    if (known.has(key)) return { task, queue }
    if (known.size >= mostLanes) return other
    known.add(key)
    return { task, queue }
  }
}

export type Metrics = ReturnType<typeof openMetrics>
