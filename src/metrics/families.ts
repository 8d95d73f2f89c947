import { Counter, collectDefaultMetrics, Histogram, type Registry } from 'prom-client'

// Seconds. From a claim that found an idle worker to a backlog of a day.
const waits = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400]
const runs = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400]
const requests = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const encodings = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400]

/** The families of a process's own counts, and those that describe the process. */
export function familiesIn(registry: Registry) {
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
  return { submitted, ended, wait, run, request, encoding, uploaded }
}
