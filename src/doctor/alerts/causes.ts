/** Without workers everything waits: that is told once, and not for each queue and schedule besides. */
export const causes = ['no_workers', 'workers_paused']
const consequences = ['queue_without_workers', 'kind_without_workers', 'queue_old', 'schedule_late']

/** Whether a problem follows from others that stand. */
export function isConsequence(code: string, standing: ReadonlySet<string>) {
  return consequences.includes(code) && causes.some(cause => standing.has(cause))
}
