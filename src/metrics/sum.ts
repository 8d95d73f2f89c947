import { AggregatorRegistry } from 'prom-client'
import type { Snapshot } from './metrics.ts'

const ours = 'darkroom_'

/** The families of Darkroom in several snapshots, added up. What describes a process is left out: it is no sum. */
export async function sumOf(snapshots: Snapshot[]): Promise<Snapshot> {
  const registry = AggregatorRegistry.aggregate(snapshots.map(each => each.filter(({ name }) => name.startsWith(ours))))
  return (await registry.getMetricsAsJSON()) as Snapshot
}

/** As Prometheus reads it; what describes a process is that of the first one. */
export function textOf([first = [], ...others]: Snapshot[]): Promise<string> {
  const own = first.map(family => (family.name.startsWith(ours) ? family : { ...family, aggregator: 'first' as const }))
  const theirs = others.map(each => each.filter(({ name }) => name.startsWith(ours)))
  return AggregatorRegistry.aggregate([own, ...theirs]).metrics()
}
