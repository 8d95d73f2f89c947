import {
  Counter,
  collectDefaultMetrics,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry
} from 'prom-client'
import { hearEncoded } from './encoded.ts'

/** Kind and queue of a task. */
interface Lane {
  task: string
  queue: string
}

export type Outcome = 'success' | 'failure' | 'revoked'

/** Families with their values, as one process hands them to another. */
export type Snapshot = MetricObjectWithValues<MetricValue<string>>[]

// Seconds. From a claim that found an idle worker to a backlog of a day.
const waits = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400]
const runs = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400]
const requests = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const encodings = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400]

// SQL may name any kind and queue. Beyond so many pairs the rest is counted together, so that a scrape stays small.
const mostLanes = 500
const other: Lane = { task: 'other', queue: 'other' }

/**
 * What this process counts. A task, a request or a byte is counted in one process only, so the sum over all of them is
 * right. What the database knows at the time of a scrape is in `stats/gauges.ts`.
 */
export function openMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  // Each walks over all handles, and the names of their sums are those of counters, which promtool refuses.
  for (const what of ['handles', 'requests', 'resources']) {
    registry.removeSingleMetric(`nodejs_active_${what}`)
    registry.removeSingleMetric(`nodejs_active_${what}_total`)
  }
  const registers = [registry]
  const lane = ['task', 'queue'] as const
  const submitted = new Counter({
    name: 'darkroom_tasks_submitted_total',
    help: 'Tasks submitted by HTTP, SQL and schedules',
    labelNames: lane,
    registers
  })
  const ended = new Counter({
    name: 'darkroom_tasks_total',
    help: 'Tasks that ended, each counted once',
    labelNames: [...lane, 'outcome'] as const,
    registers
  })
  const wait = new Histogram({
    name: 'darkroom_task_wait_seconds',
    help: 'From when a task was due to the start of its body',
    labelNames: lane,
    buckets: waits,
    registers
  })
  const run = new Histogram({
    name: 'darkroom_task_run_seconds',
    help: 'For how long the bodies of attempts ran',
    labelNames: lane,
    buckets: runs,
    registers
  })
  const request = new Histogram({
    name: 'darkroom_http_request_seconds',
    help: 'HTTP requests but event streams and WebSockets, from the first byte of the request to the last of the answer',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: requests,
    registers
  })
  const encoding = new Histogram({
    name: 'darkroom_video_encode_seconds',
    help: 'For how long the encoder ran, for each print and each part of a long film; prints are made together',
    labelNames: ['rung'] as const,
    buckets: encodings,
    registers
  })
  const uploaded = new Counter({
    name: 'darkroom_uploads_bytes_total',
    help: 'Bytes of films that arrived, also of uploads that broke off',
    registers
  })

  const unhear = hearEncoded(({ rungs, seconds }) => {
    for (const rung of rungs) encoding.observe({ rung }, seconds)
  })

  const known = new Set<string>()
  function bounded({ task, queue }: Lane): Lane {
    const key = `${task}\0${queue}`
    if (known.has(key)) return { task, queue }
    if (known.size >= mostLanes) return other
    known.add(key)
    return { task, queue }
  }

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

export type Metrics = ReturnType<typeof openMetrics>
