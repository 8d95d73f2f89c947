import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { Gauge, Registry } from 'prom-client'
import type { Snapshot } from '#metrics/metrics.ts'
import { type Gauges, readGauges } from './gauges.ts'
import type { Sampler } from './sampler.ts'

interface ObserverOptions {
  pool: Pool
  sampler: Sampler
  log: Logger
}

// Milliseconds. Prometheus gives up after 10 s and then has nothing at all.
const patience = 2_000

/**
 * What the database knows now, as families. Scrapes of the same time share a look; a database that does not answer costs
 * the gauges only. What this process counts of other processes' acts is counted first.
 */
export function observer({ pool, sampler, log }: ObserverOptions): () => Promise<Snapshot> {
  let looking: Promise<Snapshot> | undefined

  return async function observe() {
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
      const found = await Promise.race([looking, delay(patience, undefined, { signal: over.signal })])
      return found ?? (await snapshotOf(undefined))
    } finally {
      over.abort()
    }
  }
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
