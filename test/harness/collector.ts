import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { Test } from 'tap'
import { until } from './until.ts'

export interface ReceivedSpan {
  name: string
  traceId: string
  spanId: string
  parentSpanId: string
  kind: number
  attributes: Record<string, unknown>
  /** Milliseconds since 1970. */
  from: number
  to: number
  failed: string | undefined
  /** The process that sent it: api or worker. */
  process: unknown
}

export interface ReceivedMetric {
  name: string
  process: unknown
  type: 'sum' | 'gauge' | 'histogram'
  points: { labels: Record<string, unknown>; value: any }[]
}

/** What receives OTLP over HTTP, as JSON. */
export async function openCollector(t: Test) {
  const spans: ReceivedSpan[] = []
  let metrics: ReceivedMetric[] = []
  const headers: Record<string, unknown>[] = []
  const url = await serve(t, async (request, response) => {
    const body: any = await json(request)
    headers.push(request.headers)
    if (request.url === '/v1/traces') spans.push(...spansIn(body))
    else if (request.url === '/v1/metrics') {
      const fresh = metricsIn(body)
      metrics = [...metrics.filter(({ process }) => process !== fresh[0]?.process), ...fresh]
    }
    response.setHeader('content-type', 'application/json').end('{}')
  })
  return {
    url,
    spans,
    headers,
    /** The last that each process has sent. */
    get metrics() {
      return metrics
    },
    /** Waits for a span and returns it. */
    got: (fits: (span: ReceivedSpan) => boolean, what: string) =>
      until(() => spans.find(fits), `the collector gets the span ${what}`)
  }
}

/** A collector that takes connections and never answers. */
export function openMuteCollector(t: Test) {
  return serve(t, () => {})
}

async function serve(t: Test, listener: RequestListener) {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function spansIn({ resourceSpans }: any): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }: any) =>
    scopeSpans.flatMap(({ spans }: any) =>
      spans.map((span: any) => ({
        ...span,
        parentSpanId: span.parentSpanId ?? '',
        attributes: attributesIn(span.attributes),
        from: Number(span.startTimeUnixNano) / 1e6,
        to: Number(span.endTimeUnixNano) / 1e6,
        failed: span.status?.code === 2 ? span.status.message : undefined,
        process: attributesIn(resource.attributes)['darkroom.process']
      }))
    )
  )
}

function metricsIn({ resourceMetrics }: any): ReceivedMetric[] {
  return resourceMetrics.flatMap(({ resource, scopeMetrics }: any) =>
    scopeMetrics.flatMap(({ metrics }: any) =>
      metrics.map((metric: any) => {
        const type = (['sum', 'gauge', 'histogram'] as const).find(each => metric[each])!
        const points = metric[type].dataPoints.map((point: any) => ({
          labels: attributesIn(point.attributes),
          value: type === 'histogram' ? point : (point.asDouble ?? Number(point.asInt))
        }))
        return { name: metric.name, type, points, process: attributesIn(resource.attributes)['darkroom.process'] }
      })
    )
  )
}

function attributesIn(attributes: { key: string; value: Record<string, unknown> }[] = []) {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}
