import { setTimeout as delay } from 'node:timers/promises'
import type { Violation } from './checker.ts'
import type { Cluster } from './cluster.ts'
import type { History } from './history.ts'

export interface ScheduleHistory {
  id: string
  every: number
  occurrences: OccurrenceHistory[]
}

export interface OccurrenceHistory {
  /** Milliseconds, as `until`: the last one that the row stands for. */
  due_at: number
  until: number | null
  outcome: string
  task_id: string | null
  count: number
}

const policies = ['skip', 'once', 'all']

/** Schedules of every one to five seconds, with each policy for missed occurrences. */
export async function addSchedules(address: string, count = 20) {
  for (let number = 0; number < count; number++) {
    const body = {
      name: `schedule ${number}`,
      task: 'process_data',
      args: { data: `schedule ${number}` },
      every: 1 + (number % 5),
      missed: policies[number % 3],
      missed_max: 500
    }
    const answer = await fetch(`${address}/api/schedules`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body)
    })
    if (!answer.ok) throw new Error(`schedule ${number} was refused: ${await answer.text()}`)
  }
}

/** The tasks have to come to an end. The API may be starting again. */
export async function disableSchedules({ ask }: Cluster, signal: AbortSignal) {
  const text = `update darkroom.schedules set enabled = false, next_run_at = null, disabled_at = now()
    where enabled and not system returning id`
  while ((await ask(text)) === undefined) await delay(200, undefined, { signal })
}

export async function readSchedules({ insist }: Cluster): Promise<ScheduleHistory[]> {
  const schedules = await insist<{ id: string; every: number }>(
    'select id, every from darkroom.schedules where not system order by name'
  )
  const occurrences = await insist<OccurrenceHistory & { schedule_id: string }>(`
    select schedule_id, outcome, task_id, count, (extract(epoch from due_at) * 1000)::float8 as due_at,
      (extract(epoch from until) * 1000)::float8 as until
    from darkroom.occurrences order by schedule_id, due_at`)
  const byId = Map.groupBy(occurrences, ({ schedule_id }) => schedule_id)
  return schedules.map(schedule => ({ ...schedule, occurrences: byId.get(schedule.id) ?? [] }))
}

/** Each occurrence has its row and at most one task, and each task of a schedule has its occurrence. */
export function checkSchedules({ schedules, tasks }: History): Violation[] {
  const violations: Violation[] = []
  const scheduled = new Map(tasks.filter(({ schedule_id }) => schedule_id !== null).map(task => [task.id, task]))
  const claimed = new Set<string>()
  for (const { id, every, occurrences } of schedules) {
    for (const [place, { due_at, outcome, task_id }] of occurrences.entries()) {
      if ((outcome === 'fired') !== (task_id !== null && scheduled.has(task_id))) {
        const what = `schedule ${id}, due at ${due_at}: ${outcome}, task ${task_id}`
        violations.push({ rule: 'an occurrence that fired has its task, and no other has one', what })
      }
      if (task_id !== null && claimed.has(task_id)) {
        violations.push({ rule: 'a task belongs to one occurrence', what: task_id, task: scheduled.get(task_id) })
      }
      if (task_id !== null) claimed.add(task_id)
      const before = occurrences[place - 1]
      const last = before && (before.until ?? before.due_at)
      if (last !== undefined && Math.round(due_at - last) !== every * 1000) {
        const what = `schedule ${id}, every ${every} s: after ${last} came ${due_at}`
        violations.push({ rule: 'every occurrence has a row, once', what })
      }
    }
  }
  for (const [id, task] of scheduled) {
    if (!claimed.has(id)) violations.push({ rule: 'a task of a schedule has its occurrence', what: id, task })
  }
  return violations
}
