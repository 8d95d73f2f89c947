import { chooseColumns, chosenColumns } from '../../state/browser/columns.ts'
import { go, query, withQuery } from '../../state/browser/route.ts'
import { Menu } from '../../ui/overlays/menu.tsx'
import { columnNames, columns, toggled, usualColumns } from '../../words/tasks/columns.ts'
import { ViewMenu } from './views.tsx'

const orders = {
  newest: 'Newest first',
  oldest: 'Oldest first',
  soonest: 'Soonest first',
  longest: 'Longest run first'
}

/** How the list is shown: saved views, order, columns. */
export function ListTools({ order }: { order: string }) {
  return (
    <div class="list-tools">
      <ViewMenu />
      <select
        class="order"
        aria-label="Order"
        value={order}
        onChange={event => go(withQuery({ order: event.currentTarget.value, peek: undefined }))}
      >
        {Object.entries(orders).map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
      <ColumnMenu />
    </div>
  )
}

/** The order in the address, else what is natural for the status. */
export function orderOfPage(): string {
  return query.value.get('order') ?? (query.value.get('status') === 'SCHEDULED' ? 'soonest' : 'newest')
}

function ColumnMenu() {
  const chosen = chosenColumns()
  const items = columnNames.map(name => ({
    label: columns[name],
    checked: chosen.includes(name),
    act: () => chooseColumns(toggled(chosen, name))
  }))
  const back = { label: 'The usual ones', apart: true, act: () => chooseColumns(usualColumns) }
  return <Menu icon="columns" label="Columns" items={[...items, back]} />
}
