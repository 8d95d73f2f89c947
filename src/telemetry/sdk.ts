import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, hostDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, RandomIdGenerator, TracerProvider } from '@opentelemetry/sdk-trace'
import type { Logger } from 'pino'
import { version } from '#version.ts'
import { type Families, metricData } from './metric-data.ts'
import { takeSpanId } from './span-ids.ts'

// Spans that wait for the collector; beyond that new ones are dropped. A span takes about 2 KB.
const mostSpans = 8_192
const spansTogether = 1_024
// Milliseconds, all of them.
const longestSpanWait = 2_000
const metricsEvery = 60_000
const longestExport = 10_000
const farewell = 3_000

export interface SdkOptions {
  log: Logger
  process: 'api' | 'worker'
  /** What `/metrics` of this process shows. */
  counted(): Promise<Families>
}

/**
 * OTLP over HTTP, as JSON. The exporters read the other variables of the standard themselves: headers, certificates,
 * compression, timeouts. Everything here works beside the tasks: a collector that does not answer costs spans.
 */
export function startSdk({ log, process: role, counted }: SdkOptions) {
  const ours = { 'service.name': 'darkroom', 'service.version': version, 'service.instance.id': randomUUID() }
  const resource = resourceFromAttributes({ ...ours, 'darkroom.process': role, 'process.pid': process.pid })
    .merge(detectResources({ detectors: [hostDetector] }))
    .merge(detectResources({ detectors: [envDetector] }))
  const watched = watcher(log)
  const random = new RandomIdGenerator()
  const tracers = new TracerProvider({
    resource,
    idGenerator: {
      generateTraceId: () => random.generateTraceId(),
      generateSpanId: () => takeSpanId() ?? random.generateSpanId()
    },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: watched(new OTLPTraceExporter(), 'spans'),
        maxQueueSize: mostSpans,
        maxExportBatchSize: spansTogether,
        scheduledDelayMillis: longestSpanWait,
        exportTimeoutMillis: longestExport
      })
    ]
  })
  const meters = new MeterProvider({
    resource,
    readers: [
      new PeriodicExportingMetricReader({
        exporter: watched(new OTLPMetricExporter(), 'metrics'),
        exportIntervalMillis: metricsEvery,
        exportTimeoutMillis: longestExport,
        metricProducers: [
          { collect: async () => ({ resourceMetrics: await metricData(counted, resource), errors: [] }) }
        ]
      })
    ]
  })
  return {
    tracer: tracers.getTracer('darkroom', version),
    /** Sends what is left, if the collector takes it soon. */
    async close() {
      const sent = Promise.allSettled([tracers.shutdown(), meters.shutdown()])
      await Promise.race([sent, delay(farewell, undefined, { ref: false })])
    }
  }
}

interface Result {
  code: number
  error?: Error
}

interface Exporter<Item> {
  export(items: Item, done: (result: Result) => void): void
}

/** Warns once when exports begin to fail, and tells when they work again: each failure would be a line in seconds. */
function watcher(log: Logger) {
  let failing = false
  return <Item, Of extends Exporter<Item>>(exporter: Of & Exporter<Item>, what: string): Of => {
    const send = exporter.export.bind(exporter)
    exporter.export = (items, done) =>
      send(items, result => {
        const failed = result.code !== 0
        if (failed && !failing) {
          log.warn(
            { err: result.error },
            `the collector at OTEL_EXPORTER_OTLP_ENDPOINT does not take ${what}: they are dropped until it does; tasks go on`
          )
        } else if (!failed && failing) log.info('the collector takes spans and metrics again')
        failing = failed
        done(result)
      })
    return exporter
  }
}
