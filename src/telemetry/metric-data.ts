import { type HrTime, ValueType } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type ResourceMetrics
} from '@opentelemetry/sdk-metrics'
import type { MetricObjectWithValues, MetricValue } from 'prom-client'
import { version } from '#version.ts'

/** What prom-client counted. */
export type Families = MetricObjectWithValues<MetricValue<string>>[]

type Labels = Record<string, string | number>

// Counters begin with the process.
const begun = hrTime(Date.now() - process.uptime() * 1000)

/** The families of `/metrics` as OpenTelemetry has them, under the same names: what is counted, is counted once. */
export async function metricData(counted: () => Promise<Families>, resource: Resource): Promise<ResourceMetrics> {
  const now = hrTime(Date.now())
  const metrics = (await counted()).flatMap(family => dataOf(family, now) ?? [])
  return { resource, scopeMetrics: [{ scope: { name: 'darkroom', version }, metrics }] }
}

function dataOf(family: Families[number], endTime: HrTime): MetricData | undefined {
  const { name, help: description, values } = family
  // What types.d.ts calls an enum is a word in JSON.
  const type = String(family.type)
  const common = {
    descriptor: { name, description, unit: unitOf(name), valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE
  }
  const times = { startTime: begun, endTime }
  if (type === 'histogram') {
    return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints: histogramPoints(values, times) }
  }
  const dataPoints = values.map(({ value, labels }) => ({ ...times, attributes: labels as Labels, value }))
  if (type === 'gauge') return { ...common, dataPointType: DataPointType.GAUGE, dataPoints }
  if (type === 'counter') return { ...common, dataPointType: DataPointType.SUM, dataPoints, isMonotonic: true }
  return undefined
}

/** prom-client counts each bucket with those below it, and has count and sum as values of other names. */
function histogramPoints(values: MetricValue<string>[], times: { startTime: HrTime; endTime: HrTime }) {
  const points = new Map<string, { labels: Labels; buckets: [number, number][]; sum: number; count: number }>()
  for (const { labels, value, metricName } of values as (MetricValue<string> & { metricName?: string })[]) {
    const { le, ...rest } = labels as Labels
    const key = JSON.stringify(rest)
    const point = points.get(key) ?? { labels: rest, buckets: [], sum: 0, count: 0 }
    points.set(key, point)
    if (metricName?.endsWith('_sum')) point.sum = value
    else if (metricName?.endsWith('_count')) point.count = value
    else if (le !== '+Inf') point.buckets.push([Number(le), value])
  }
  return [...points.values()].map(({ labels: attributes, buckets, sum, count }) => {
    const upTo = buckets.map(([, below]) => below)
    const counts = [...upTo, count].map((below, place) => below - (upTo[place - 1] ?? 0))
    return { ...times, attributes, value: { buckets: { boundaries: buckets.map(([le]) => le), counts }, sum, count } }
  })
}

function unitOf(name: string) {
  if (/_seconds(_total)?$/.test(name)) return 's'
  return /_bytes(_total)?$/.test(name) ? 'By' : ''
}

function hrTime(ms: number): HrTime {
  return [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)]
}
