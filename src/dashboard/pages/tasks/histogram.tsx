import { go } from '../../state/browser/route.ts'
import { useQuery } from '../../state/service/query.ts'
import { type Histogram, type Status, statuses } from '../../state/service/shapes.ts'
import { zoned } from '../../state/service/time.ts'
import { type Bar, Bars } from '../../ui/charts/charts.tsx'
import { type Filter, momentOf, queryOfFilter } from '../../words/tasks/filter.ts'
import { minuteNow } from '../overview/moment.ts'
import { addressOfFilter } from './filter-bar.tsx'

const buckets = 96
const day = 86_400_000
const order: Status[] = ['COMPLETED', 'CANCELLED', 'SCHEDULED', 'PENDING', 'PROCESSING', 'RETRYING', 'FAILED']

/** When what fits was submitted; dragging over it sets the range of the list. `may` as for the rail. */
export function Strip({ filter, may }: { filter: Filter; may: boolean }) {
  const now = minuteNow() + 60_000
  const from = filter.created_after ? momentOf(filter.created_after, now) : new Date(now - day).toISOString()
  const to = filter.created_before ? momentOf(filter.created_before, now) : new Date(now).toISOString()
  const { created_after: _, created_before: __, ...others } = filter
  const search = queryOfFilter(others, now)
  for (const [name, value] of Object.entries({ from, to, buckets: String(buckets) })) search.set(name, value)
  const found = useQuery<Histogram>(may ? `/api/tasks/histogram?${search}` : undefined, 15).data.value
  const shown = filter.status ? order.filter(status => fits(filter.status!, status)) : order
  const bars: Bar[] = (found?.items ?? []).map(item => ({
    at: Date.parse(item.at),
    parts: Object.fromEntries(shown.map(status => [status, Number(item[status] ?? 0)]))
  }))
  return (
    <div class="strip">
      <Bars
        label="Submitted tasks by time"
        bars={bars}
        order={shown}
        height={48}
        step={found?.step ?? 900}
        onRange={(first, last) =>
          go(
            addressOfFilter({
              ...filter,
              created_after: new Date(first).toISOString(),
              created_before: new Date(last).toISOString()
            })
          )
        }
      />
      {found?.searched_until && <p class="soft">Counted back to {zoned.full(found.searched_until)}.</p>}
    </div>
  )
}

function fits(wanted: string, status: Status) {
  const not = wanted.startsWith('-')
  const named = wanted.replace(/^-/, '').split(',')
  return statuses.includes(status) && named.includes(status) !== not
}
