import type { Pool } from 'pg'
import { listQueues, type QueueRow } from '#queues/queries.ts'
import { type Problem, postAction, tasksWait, timeText } from '../problem.ts'

// Seconds that a task may wait for its turn.
const old = 300

export async function queueProblems(pool: Pool): Promise<Problem[]> {
  return (await listQueues(pool)).flatMap(problemOf)
}

function problemOf({ name, depth, oldest_age, workers, paused, paused_at, reason, until }: QueueRow): Problem[] {
  const subject = { type: 'queue', id: name }
  const waitsSince = oldest_age === null ? null : new Date(Date.now() - oldest_age * 1000)
  if (paused) {
    const why = reason === null ? '' : ` (${reason})`
    const end = until ? `it resumes at ${timeText(until)}, or resume it now` : 'resume it when its work may go on'
    const waiting = depth === 0 ? 'nothing waits in it' : `${tasksWait(depth)} in it`
    return [
      {
        code: 'queue_paused',
        sentence: `The queue "${name}" is paused since ${timeText(paused_at!)}${why}, and ${waiting}: ${end}`,
        since: paused_at,
        severity: depth === 0 ? 'notice' : 'warning',
        subject,
        actions: [postAction(`Resume queue ${name}`, `/api/queues/${encodeURIComponent(name)}/resume`)]
      }
    ]
  }
  if (depth === 0) return []
  if (workers === 0) {
    return [
      {
        code: 'queue_without_workers',
        sentence: `No running worker takes from the queue "${name}", and ${tasksWait(depth)} in it: start a worker whose WORKER_QUEUES names it, or resume a paused one`,
        since: waitsSince,
        severity: 'critical',
        subject,
        actions: []
      }
    ]
  }
  if ((oldest_age ?? 0) < old) return []
  return [
    {
      code: 'queue_old',
      sentence: `A task has waited in the queue "${name}" since ${timeText(waitsSince!)}, and ${tasksWait(depth)} in all: its ${workers === 1 ? 'worker is' : `${workers} workers are`} too slow, or busy; add workers or concurrency`,
      since: waitsSince,
      severity: 'warning',
      subject,
      actions: []
    }
  ]
}
