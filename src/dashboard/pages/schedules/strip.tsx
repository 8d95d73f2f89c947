import { href } from '../../state/browser/route.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Occurrence, Page, Schedule } from '../../state/service/shapes.ts'
import { zoned } from '../../state/service/time.ts'
import { kinOf } from '../../ui/status.tsx'
import { occurrenceText } from '../../words/schedules/schedules.ts'

/** The last occurrences, the latest at the end: each leads to its task. */
export function Strip({ schedule, count = 15 }: { schedule: Schedule; count?: number }) {
  const path = `/api/schedules/${schedule.id}/occurrences?limit=${count}`
  const items = useQuery<Page<Occurrence>>(path, 20).data.value?.items ?? []
  if (items.length === 0) return <span class="soft">has not come yet</span>
  return (
    <ul class="strip-cells" aria-label={`Occurrences of ${schedule.name}`}>
      {items.toReversed().map(one => {
        const label = `${occurrenceText(one)}, ${zoned.short(one.due_at)}`
        const look = `cell status-${kinOf(one.outcome)}${one.outcome === 'fired' ? '' : ' no'}${one.late_by >= 1 ? ' late' : ''}`
        return (
          <li key={one.due_at}>
            <a
              class={look}
              href={href(one.task_id ? `/tasks/${one.task_id}` : `/schedules/${schedule.id}`)}
              title={label}
            >
              <span class="only-heard">{label}</span>
            </a>
          </li>
        )
      })}
    </ul>
  )
}
