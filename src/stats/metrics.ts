import { refuse } from '#schema/check.ts'

/** What can be drawn, and what it means. */
export const metrics = {
  created: 'Tasks submitted',
  succeeded: 'Tasks that succeeded',
  failed: 'Tasks that failed for good',
  retried: 'Attempts after which the task was to be retried, those handed back included',
  cancelled: 'Tasks that were revoked: cancelled, expired, purged',
  wait_p50: 'Seconds from when a task was due to the start of its body: half of the starts waited less',
  wait_p95: 'Seconds from when a task was due to the start of its body: 95 % of the starts waited less',
  run_p50: 'Seconds for which a body ran: half of the attempts ran shorter',
  run_p95: 'Seconds for which a body ran: 95 % of the attempts ran shorter',
  depth: 'Most tasks that waited and could run; without `by=queue` the sum of all queues',
  oldest: 'Longest time that a waiting task had been due, in seconds'
} as const

export type Metric = keyof typeof metrics
export type By = 'queue' | 'task'

const counts: Metric[] = ['created', 'succeeded', 'failed', 'retried', 'cancelled']
const depths: Metric[] = ['depth', 'oldest']
export const isCount = (metric: Metric) => counts.includes(metric)
export const isDepth = (metric: Metric) => depths.includes(metric)
export const isPercentile = (metric: Metric) => !isCount(metric) && !isDepth(metric)

/** Reads a list such as `created,run_p95`. Throws with the field where a name is unknown, or has no value for a kind. */
export function metricsOf(text: string | undefined, by: By | undefined): Metric[] {
  const names = text === undefined ? ['created', 'succeeded', 'failed'] : text.split(',').map(name => name.trim())
  const unknown = names.find(name => !Object.hasOwn(metrics, name))
  if (unknown !== undefined) {
    const known = Object.keys(metrics).join(', ')
    const message = `has ${unknown === '' ? 'an empty name' : `"${unknown.slice(0, 50)}"`}; each must be one of ${known}`
    throw refuse([{ field: 'metric', message }])
  }
  const asked = [...new Set(names)] as Metric[]
  const depth = asked.find(isDepth)
  if (by === 'task' && depth) {
    throw refuse([{ field: 'metric', message: `has ${depth}, which queues have and kinds do not: use by=queue` }])
  }
  return asked
}
