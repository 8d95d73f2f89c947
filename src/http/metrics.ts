import type { FastifyPluginAsync } from 'fastify'
import { Registry } from 'prom-client'
import { CrossSite } from '#errors.ts'
import type { Metrics, Snapshot } from '#metrics/metrics.ts'
import { textOf } from '#metrics/sum.ts'
import { bytesIn } from '#schema/answers.ts'
import { keyed, problems } from '#schema/problems.ts'

export interface MetricsNeeds {
  metrics: Metrics
  /** What the database knows now. */
  observe: () => Promise<Snapshot>
  /** What the worker of a server counts, where it has no port of its own to be asked. */
  workerMetrics?: (() => Promise<Snapshot[]>) | undefined
}

/** Metrics for Prometheus: what this process counted, and what the database knows now. */
export const metricsRoute: FastifyPluginAsync<MetricsNeeds> = async (app, { metrics, observe, workerMetrics }) => {
  const schema = {
    operationId: 'getMetrics',
    summary: 'Metrics for Prometheus',
    description:
      'Counters are those of this process, and of the worker of a `server`; the sum over all APIs and workers is right. Without the database there are no gauges of queues and workers, and `darkroom_database_up` is 0.',
    response: { 200: bytesIn(['text/plain'], 'Families in the text format 0.0.4'), ...problems(...keyed, CrossSite) }
  }
  app.get('/metrics', { schema, logLevel: 'warn', config: { scope: 'metrics' } }, async (_, reply) => {
    // First: it counts what this process's snapshot then has.
    const gauges = await observe()
    const text = await textOf([await metrics.snapshot(), ...((await workerMetrics?.()) ?? []), gauges])
    return reply.type(Registry.PROMETHEUS_CONTENT_TYPE).send(text)
  })
}
