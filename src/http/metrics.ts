import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyPluginAsync } from 'fastify'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { Gauge, Registry } from 'prom-client'
import { CrossSite } from '#errors.ts'
import type { Metrics, Snapshot } from '#metrics/metrics.ts'
import { textOf } from '#metrics/sum.ts'
import { bytesIn } from '#schema/answers.ts'
import { keyed, problems } from '#schema/problems.ts'
import { type Gauges, readGauges } from '#stats/gauges.ts'
import type { Sampler } from '#stats/sampler.ts'

export interface MetricsNeeds {
  pool: Pool
  metrics: Metrics
  sampler: Sampler
  log: Logger
  /** What the worker of a server counts, where it has no port of its own to be asked. */
  workerMetrics?: (() => Promise<Snapshot[]>) | undefined
}

// Milliseconds. Prometheus gives up after 10 s and then has nothing at all.
const patience = 2_000

/** Metrics for Prometheus: what this process counted, and what the database knows now. */
export const metricsRoute: FastifyPluginAsync<MetricsNeeds> = async (app, needs) => {
  const { pool, metrics, sampler, workerMetrics, log } = needs
  let looking: Promise<Snapshot> | undefined

  /** Scrapes of the same time share a look; a database that does not answer costs the gauges only. */
  async function lookNow() {
    looking ??= Promise.all([readGauges(pool), sampler.foldNow()])
      .then(([gauges]) => snapshotOf(gauges))
      .catch(error => {
        log.debug({ err: error }, 'the database did not answer a scrape')
        return snapshotOf(undefined)
      })
      .finally(() => {
        looking = undefined
      })
    const over = new AbortController()
    try {
      return await Promise.race([looking, delay(patience, undefined, { signal: over.signal })])
    } finally {
      over.abort()
    }
  }

  const schema = {
    operationId: 'getMetrics',
    summary: 'Metrics for Prometheus',
    description:
      'Counters are those of this process, and of the worker of a `server`; the sum over all APIs and workers is right. Without the database there are no gauges of queues and workers, and `darkroom_database_up` is 0.',
    response: { 200: bytesIn(['text/plain'], 'Families in the text format 0.0.4'), ...problems(...keyed, CrossSite) }
  }
  app.get('/metrics', { schema, logLevel: 'warn', config: { scope: 'metrics' } }, async (_, reply) => {
    // First: it counts what this process's snapshot then has.
    const gauges = (await lookNow()) ?? (await snapshotOf(undefined))
    const text = await textOf([await metrics.snapshot(), ...((await workerMetrics?.()) ?? []), gauges])
    return reply.type(Registry.PROMETHEUS_CONTENT_TYPE).send(text)
  })
}

function snapshotOf(gauges: Gauges | undefined) {
  const registry = new Registry()
  const gauge = <const L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] })

  gauge('darkroom_database_up', 'Whether the database answered this scrape').set(gauges ? 1 : 0)
  if (gauges) {
    const depth = gauge('darkroom_queue_depth', 'Tasks that wait and could run', ['queue'])
    const oldest = gauge('darkroom_queue_oldest_seconds', 'How long the oldest of them has been due', ['queue'])
    const running = gauge('darkroom_queue_running', 'Tasks whose bodies run', ['queue'])
    const paused = gauge('darkroom_queue_paused', 'Whether the queue is paused', ['queue'])
    for (const { name: queue, ...of } of gauges.queues) {
      depth.set({ queue }, of.depth)
      oldest.set({ queue }, of.oldest)
      running.set({ queue }, of.running)
      paused.set({ queue }, of.paused ? 1 : 0)
    }
    const workers = gauge('darkroom_workers', 'Workers, those that ended in the last day included', ['status'])
    for (const [status, count] of Object.entries(gauges.workers)) workers.set({ status }, count)
    const slots = gauge('darkroom_worker_slots', 'Child processes of running workers', ['state'])
    for (const [state, count] of Object.entries(gauges.slots)) slots.set({ state }, count)
    const problems = gauge('darkroom_problems', 'Problems that are open', ['code', 'severity'])
    for (const { code, severity, count } of gauges.problems) problems.set({ code, severity }, count)
    const late = 'Seconds by which the schedule that is most overdue is late; 0 if none is'
    gauge('darkroom_schedule_late_seconds', late).set(gauges.schedule_late)
  }
  return registry.getMetricsAsJSON() as Promise<Snapshot>
}
