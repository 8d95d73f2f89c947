import type { Cluster } from '../service/cluster.ts'

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

/** Schedules as the database has them in the end, with all of their occurrences. */
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
