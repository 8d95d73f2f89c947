import { facts } from '../screen/facts.ts'
import { show, terminalWidth } from '../screen/print.ts'
import { type Column, table } from '../screen/table.ts'
import { long, when } from '../screen/times.ts'
import type { Occurrence } from '../service/bodies.ts'
import type { Service } from '../service/service.ts'
import { pathOf, type Schedule, statusOf, timingOf } from './body.ts'

const columns: Column<Occurrence>[] = [
  { head: 'DUE', cell: ({ due_at }) => due_at },
  { head: 'OUTCOME', cell: ({ outcome }) => outcome, isStatus: true },
  { head: 'REASON', cell: ({ reason, manual }) => reason ?? (manual && 'manual'), extra: 1 },
  { head: 'LATE', cell: ({ late_by }) => long(late_by), extra: 3 },
  { head: 'COUNT', cell: ({ count }) => count, extra: 4, isNumber: true },
  { head: 'TASK', cell: ({ task_id }) => task_id, extra: 2 }
]

const latest = 10

/** Its occurrences are for people: programs ask for the schedule alone. */
export async function showSchedule(service: Service, name: string, { json }: { json?: boolean }) {
  const schedule = await service.get<Schedule>(pathOf(name))
  const { items } = json
    ? { items: [] }
    : await service.get<{ items: Occurrence[] }>(`${pathOf(name)}/occurrences`, { limit: latest })
  const occurrences = items.length > 0 ? `\n\n${table(columns, items, terminalWidth())}` : ''
  show(schedule, { json, text: () => `${describeSchedule(schedule)}${occurrences}` })
}

export function describeSchedule(schedule: Schedule): string {
  return facts([
    ['name', schedule.name],
    ['id', schedule.id],
    ['status', statusOf(schedule)],
    ['when', timingOf(schedule)],
    ['next', when(schedule.next_run_at)],
    ['last', when(schedule.last_run_at)],
    ['last task', schedule.last_task_id],
    ['kind', schedule.task],
    ['args', schedule.args],
    ['queue', schedule.queue],
    ['priority', schedule.priority],
    ['from', when(schedule.start_at)],
    ['until', when(schedule.end_at)],
    ['missed', schedule.missed],
    ['overlap', schedule.overlap],
    ['jitter', schedule.jitter > 0 ? long(schedule.jitter) : undefined],
    ['tags', schedule.tags],
    ['description', schedule.description],
    ['note', schedule.note],
    ['system', schedule.system ? "Darkroom's own" : undefined],
    ['runs', schedule.total_run_count],
    ['skipped', schedule.total_skipped]
  ])
}
