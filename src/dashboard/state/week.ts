import { type Firing, firingsOf, mostOfOne, weekEnd } from '../words/schedules/week.ts'
import { ApiError, request } from './service/api.ts'
import type { Preview, Schedule } from './service/shapes.ts'

export interface Week {
  firings: Firing[]
  /** Schedules that fire too often to be drawn. */
  steady: Schedule[]
  /** Schedules that were not looked at. */
  left: number
}

// Schedules with a cron text, each of which is a question; so many at a time.
const mostAsked = 60
const lanes = 4

/** When schedules fire in the next seven days. */
export async function askWeek(schedules: readonly Schedule[], now: number, signal: AbortSignal): Promise<Week> {
  const week: Week = { firings: [], steady: [], left: 0 }
  const add = (schedule: Schedule, firings: Firing[] | undefined) => {
    if (firings) week.firings.push(...firings)
    else week.steady.push(schedule)
  }
  const crons = schedules.filter(({ cron }) => cron !== null)
  for (const schedule of schedules) if (schedule.cron === null) add(schedule, firingsOf(schedule, now))
  const waiting = crons.slice(0, mostAsked)
  week.left = crons.length - waiting.length
  const ask = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) add(next, await preview(next, now, signal))
  }
  await Promise.all(Array.from({ length: lanes }, ask))
  return week
}

async function preview({ id, name }: Schedule, now: number, signal: AbortSignal): Promise<Firing[] | undefined> {
  try {
    const { items } = await request<Preview>('GET', `/api/schedules/${id}/preview?count=${mostOfOne}`, { signal })
    const firings = items.map(({ at }) => ({ id, name, at: Date.parse(at) }))
    const isAll = items.length < mostOfOne || firings.at(-1)!.at > weekEnd(now)
    return isAll ? firings : undefined
  } catch (error) {
    // Deleted meanwhile.
    if (error instanceof ApiError && error.status === 404) return []
    throw error
  }
}
