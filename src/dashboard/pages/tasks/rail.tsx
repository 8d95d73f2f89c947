import { useMemo } from 'preact/hooks'
import { href, query, withQuery } from '../../state/browser/route.ts'
import { useQuery } from '../../state/service/query.ts'
import { type Counts, type Kind, type Queue, statuses } from '../../state/service/shapes.ts'
import { momentNow } from '../../state/service/time.ts'
import { StatusGlyph } from '../../ui/status.tsx'
import { countText, exactCount } from '../../words/number.ts'
import { type Filter, queryOfFilter } from '../../words/tasks/filter.ts'

interface RailProps {
  filter: Filter
  /** What it shows may be asked for: the rows, which are what one came for, are there. */
  may: boolean
}

/** The statuses with what each holds under the other filters, then queues and kinds. */
export function Rail({ filter, may }: RailProps) {
  const { status: _, ...others } = filter
  const search = useMemo(() => queryOfFilter(others, momentNow()).toString(), [JSON.stringify(others)])
  const counts = useQuery<Counts>(may ? `/api/tasks/counts?by=status${search && `&${search}`}` : undefined, 3)
  const queues = useQuery<{ items: Queue[] }>(may ? '/api/queues' : undefined, 5).data.value?.items ?? []
  const kinds = useQuery<{ items: Kind[] }>(may ? '/api/kinds' : undefined, 60).data.value?.items ?? []
  const items = counts.data.value?.items

  return (
    <nav class="rail" aria-label="Filters" aria-busy={!may || (counts.loading.value && items === undefined)}>
      <h2>Status</h2>
      <ul>
        {statuses.map(status => {
          const found = items?.find(item => item.status === status)
          const chosen = filter.status === status
          return (
            <li key={status}>
              <a
                class={`status-${status}`}
                href={href(withQuery({ status: chosen ? undefined : status, peek: undefined }))}
                aria-current={chosen ? 'true' : undefined}
              >
                <span class="status">
                  <StatusGlyph status={status} />
                  <span class="status-word">{status}</span>
                </span>
                <span class="number" title={found && exactCount(found.count)}>
                  {counts.data.value ? countWord(counts.data.value, status) : ''}
                </span>
              </a>
            </li>
          )
        })}
      </ul>
      <div class="rail-more">
        <Names title="Queue" name="queue" values={queues.map(({ name, depth }) => [name, depth] as const)} />
        <Names title="Kind" name="task" values={kinds.map(({ name }) => [name] as const)} />
      </div>
    </nav>
  )
}

/** With the bound where the server stopped counting. */
function countWord({ items, searched_until }: Counts, status: string) {
  const found = items.find(item => item.status === status)
  if (!found) return searched_until ? '0+' : '0'
  if (found.exact) return countText(found.count)
  return searched_until ? `${countText(found.count)}+` : `≈ ${countText(found.count)}`
}

function Names({
  title,
  name,
  values
}: {
  title: string
  name: 'queue' | 'task'
  values: (readonly [string, number?])[]
}) {
  const chosen = query.value.get(name)
  if (values.length === 0) return null
  return (
    <>
      <h2>{title}</h2>
      <ul>
        {values.map(([value, count]) => (
          <li key={value}>
            <a
              href={href(withQuery({ [name]: chosen === value ? undefined : value, peek: undefined }))}
              aria-current={chosen === value ? 'true' : undefined}
            >
              <span class="cut-off">{value}</span>
              {count ? (
                <span class="number" title="Waiting">
                  {countText(count)}
                </span>
              ) : null}
            </a>
          </li>
        ))}
      </ul>
    </>
  )
}
