import { dueQueue } from '../../src/queue/boss.ts'
import type { OccurrenceBody, ScheduleBody } from '../../src/schedules/schemas.ts'
import { channels } from '../../src/tasks/channels.ts'
import type { Service } from './service.ts'
import { until } from './until.ts'

/** A time so many seconds from now. */
export const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()

export async function addSchedule({ post }: Service, body: Record<string, unknown>): Promise<ScheduleBody> {
  const response = await post('/api/schedules', { args: { data: 'x' }, ...body })
  if (response.statusCode !== 201) throw new Error(response.body)
  return response.json()
}

export async function readSchedule({ get }: Service, named: string): Promise<ScheduleBody> {
  return (await get(`/api/schedules/${encodeURIComponent(named)}`)).json()
}

/** Oldest first. */
export async function occurrencesOf({ get }: Service, named: string): Promise<OccurrenceBody[]> {
  const response = await get(`/api/schedules/${encodeURIComponent(named)}/occurrences?limit=1000`)
  return response.json().items.reverse()
}

/** Waits until a schedule has so many occurrences, and answers them, oldest first. */
export async function untilOccurrences(service: Service, named: string, count: number): Promise<OccurrenceBody[]> {
  return until(async () => {
    const found = await occurrencesOf(service, named)
    return found.length >= count ? found : undefined
  }, `${named} has ${count} occurrences`)
}

/** As if so many seconds had gone by since it was saved; the cursor moves with it. */
export async function age({ db }: Service, named: string, seconds: number) {
  await db.pool.query(
    `update darkroom.schedules set
      created_at = created_at - $2 * interval '1 second', start_at = start_at - $2 * interval '1 second',
      at = at - $2 * interval '1 second', disabled_at = disabled_at - $2 * interval '1 second',
      next_run_at = next_run_at - $2 * interval '1 second'
    where name = $1`,
    [named, seconds]
  )
}

/** What each process does after a change: the workers look. */
export async function wake({ db }: Service) {
  await db.pool.query('select pg_notify($1, $2)', [channels.wake, dueQueue])
}

/** The tasks of a schedule, oldest first. */
export async function tasksOf({ db }: Service, named: string): Promise<{ id: string; state: string }[]> {
  const { rows } = await db.pool.query(
    `select t.id, t.state from darkroom.tasks t join darkroom.schedules s on s.id = t.schedule_id
    where s.name = $1 order by t.created_at, t.id`,
    [named]
  )
  return rows
}

export const fired = (occurrences: OccurrenceBody[]) => occurrences.filter(({ outcome }) => outcome === 'fired')

/** Whether each fired occurrence has one task of its own, and there are no others. */
export async function eachHasItsTask(service: Service, named: string) {
  // In this order: a worker goes on.
  const tasks = (await tasksOf(service, named)).map(({ id }) => id)
  const occurrences = fired(await occurrencesOf(service, named)).map(({ task_id }) => task_id!)
  const unique = new Set(occurrences)
  return unique.size === occurrences.length && tasks.every(id => unique.has(id))
}
