import { useRef, useState } from 'preact/hooks'
import { sentenceOf } from '../../state/acts/act.ts'
import { mostOfBatch } from '../../state/acts/batch.ts'
import { go, href, query, withQuery } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import type { Task } from '../../state/service/shapes.ts'
import { momentNow, zoned } from '../../state/service/time.ts'
import { type TaskList, useTaskList } from '../../state/task-list.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAs } from '../../ui/copy.tsx'
import { useKeys } from '../../ui/keys.ts'
import { LinkButton } from '../../ui/link-button.tsx'
import { Page } from '../../ui/page.tsx'
import { AskedAgain, Empty, Waiting } from '../../ui/said.tsx'
import { commandText, curlText, sqlOfTasks } from '../../words/copy.ts'
import { countText, plural } from '../../words/number.ts'
import { type Filter, filterOfQuery, queryOfFilter } from '../../words/tasks/filter.ts'
import { isFinal, mayRetry } from '../../words/tasks/tasks.ts'
import { askToCancel, askToRetry } from '../task/act.ts'
import { AllThatMatch } from './all-that-match.tsx'
import { TaskDrawer } from './drawer.tsx'
import { addressOfFilter, FilterBar } from './filter-bar.tsx'
import { Strip } from './histogram.tsx'
import { Rail } from './rail.tsx'
import { Selection } from './selection.tsx'
import { rowHeight, TaskTable } from './table.tsx'
import { ListTools, orderOfPage } from './tools.tsx'

export function Tasks() {
  const filter = filterOfQuery(query.value)
  const order = orderOfPage()
  const { key, search } = useSearch(filter, order)
  const list = useTaskList(search, key)
  const { selected, toggle, toggleAll, clear } = useSelected(list)
  const peek = query.value.get('peek')
  const move = (step: number) => {
    const rows = list.rows.peek()
    const next = rows[rows.findIndex(({ id }) => id === peek) + step]
    if (next) go(withQuery({ peek: next.id }), { replace: true })
  }
  useRowKeys(list, toggle)
  const [isOfAll, setOfAll] = useState(false)
  const askAll = () => setOfAll(true)
  useKeys({ a: askAll })
  // The rows are asked for alone: on a busy server the rest would hold them up.
  const may = list.loaded.value || list.error.value !== undefined

  return (
    <Page
      title="Tasks"
      busy={list.loading.value && !list.loaded.value}
      actions={
        <>
          <Button icon="tasks" needs="startBulkOperation" title="Act on all tasks that match (a)" onClick={askAll}>
            All that match
          </Button>
          <CopyList filter={filter} search={search} />
          <LinkButton to="/new" icon="plus" look="main" needs="submitTask">
            New task
          </LinkButton>
        </>
      }
    >
      <div class="list-page">
        <Rail filter={filter} may={may} />
        <div>
          <FilterBar filter={filter} tools={<ListTools order={order} />} />
          <Strip filter={filter} may={may} />
          <ListBody
            list={list}
            filter={filter}
            peek={peek}
            selected={selected}
            onSelect={toggle}
            onSelectAll={toggleAll}
          />
          {selected.size > 0 && (
            <Selection tasks={list.rows.value.filter(({ id }) => selected.has(id))} clear={clear} />
          )}
        </div>
      </div>
      {peek && <TaskDrawer id={peek} move={move} />}
      {isOfAll && <AllThatMatch filter={filter} close={() => setOfAll(false)} />}
    </Page>
  )
}

/** A relative time is taken once for each filter, so that pages of one list belong together. */
function useSearch(filter: Filter, order: string) {
  const key = JSON.stringify([filter, order])
  const taken = useRef({ key: '', search: '' })
  if (taken.current.key !== key) {
    const search = queryOfFilter(filter, momentNow())
    if (order !== 'newest') search.set('order', order)
    taken.current = { key, search: search.toString() }
  }
  return taken.current
}

/** Ids of rows, for acts on many. */
function useSelected(list: TaskList) {
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  function toggle(id: string) {
    const next = new Set(selected)
    if (!next.delete(id)) next.add(id)
    setSelected(next)
  }
  function toggleAll() {
    const page = list.rows.peek().slice(0, mostOfBatch)
    const all = page.every(({ id }) => selected.has(id))
    setSelected(new Set(all ? [] : page.map(({ id }) => id)))
  }
  return { selected, toggle, toggleAll, clear: () => setSelected(new Set()) }
}

/** The list for other programs; the link has the moments that relative times stand for. */
function CopyList({ filter, search }: { filter: Filter; search: string }) {
  const exact = Object.fromEntries(new URLSearchParams(search))
  const from = filter.created_after && { created_after: exact.created_after }
  const until = { created_before: exact.created_before ?? new Date(momentNow()).toISOString() }
  const link = `${location.origin}${href(addressOfFilter({ ...filter, ...from, ...until }))}`
  return (
    <CopyAs
      curl={curlText(serviceAddress, 'GET', `/api/tasks${search && `?${search}`}`)}
      cli={commandText('task list', exact)}
      sql={sqlOfTasks(exact)}
      link={link}
    />
  )
}

interface BodyProps {
  list: TaskList
  filter: Filter
  peek: string | null
  selected: ReadonlySet<string>
  onSelect(id: string): void
  onSelectAll(): void
}

function ListBody({ list, filter, ...table }: BodyProps) {
  const error = list.error.value
  const rows = list.rows.value
  const fresh = list.fresh.value.length
  const shown = (
    <>
      {fresh > 0 && (
        <button type="button" class="new-rows" onClick={() => list.showNew()}>
          {fresh >= 100 ? '100 or more' : countText(fresh)} new
        </button>
      )}
      <TaskTable list={list} {...table} />
      <ListEnd list={list} />
    </>
  )
  return (
    <div class="list-body">
      {error && !(error.isOutage && list.loaded.value) && (
        <div class="refused" role="alert">
          <p>
            {sentenceOf(error)} <AskedAgain error={error} />
          </p>
          <Button icon="retry" onClick={() => list.load()}>
            Try again
          </Button>
        </div>
      )}
      {!list.loaded.value && !error && <Waiting rows={12} />}
      {list.loaded.value && (rows.length > 0 ? shown : <NoTasks list={list} filter={filter} />)}
    </div>
  )
}

function ListEnd({ list }: { list: TaskList }) {
  const until = list.searchedUntil.value
  const count = list.rows.value.length
  return (
    <p class="list-head soft">
      <span>
        {plural(count, 'task')}
        {list.cursor.value ? ' so far' : ''}
        {until && `, searched back to ${zoned.full(until)}`}
      </span>
      {list.cursor.value && <Button onClick={() => list.more()}>{until ? 'Go on searching' : 'Show more'}</Button>}
    </p>
  )
}

function NoTasks({ list, filter }: { list: TaskList; filter: Filter }) {
  const until = list.searchedUntil.value
  if (until) {
    return (
      <Empty title={`None among the tasks back to ${zoned.full(until)}`}>
        <Button onClick={() => list.more()}>Go on searching</Button>
      </Empty>
    )
  }
  if (Object.keys(filter).length > 0) {
    const good = filter.status === 'FAILED' && !filter.q
    return (
      <Empty title={good ? 'No task has failed here' : 'No task fits these filters'}>
        <a href={href(addressOfFilter({}))}>Show all tasks</a>
      </Empty>
    )
  }
  return (
    <Empty title="There are no tasks yet">
      <p>A task is a piece of work that a worker does. Submit the first one:</p>
      <pre>{curlText(serviceAddress, 'POST', '/api/tasks', { task: 'add', args: { x: 4, y: 6 } })}</pre>
    </Empty>
  )
}

/** j k move the focus from row to row, x selects. Enter is the link's. */
function useRowKeys(list: TaskList, toggle: (id: string) => void) {
  const here = () => document.activeElement?.closest<HTMLElement>('tr[data-id]')
  const taskHere = () => list.rows.peek().find(({ id }) => id === here()?.dataset.id)
  function step(by: number) {
    const at = here()
    const next = at ? Number(at.dataset.index) + by : 0
    if (next < 0 || next >= list.rows.peek().length) return
    const row = document.querySelector<HTMLElement>(`tr[data-index="${next}"]`)
    const focus = () => {
      const link = document.querySelector<HTMLElement>(`tr[data-index="${next}"] a`)
      link?.focus({ preventScroll: true })
      link?.scrollIntoView({ block: 'nearest' })
    }
    if (row) return focus()
    scrollBy(0, by * rowHeight())
    requestAnimationFrame(() => requestAnimationFrame(focus))
  }
  const act = (may: (task: Task) => boolean, ask: typeof askToRetry) => {
    const task = taskHere()
    if (task && may(task)) ask(task, task => list.put(task))
  }
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    n: () => void list.showNew(),
    ...(query.value.get('peek')
      ? {}
      : {
          o: () => here() && go(`/tasks/${here()!.dataset.id}`),
          r: () => act(mayRetry, askToRetry),
          c: () => act(task => !isFinal(task), askToCancel)
        }),
    x: () => here() && toggle(here()!.dataset.id!)
  })
}
