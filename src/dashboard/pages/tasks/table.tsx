import { useEffect, useRef } from 'preact/hooks'
import { mostOfBatch } from '../../state/acts/batch.ts'
import { chosenColumns } from '../../state/browser/columns.ts'
import { go, href, withQuery } from '../../state/browser/route.ts'
import { readSetting } from '../../state/browser/settings.ts'
import type { Task } from '../../state/service/shapes.ts'
import type { TaskList } from '../../state/task-list.ts'
import { StatusWord } from '../../ui/status.tsx'
import { VirtualRows } from '../../ui/virtual.tsx'
import { shortId } from '../../words/number.ts'
import { type Column, columns, usualColumns } from '../../words/tasks/columns.ts'
import { Cell } from './cells.tsx'

interface TableProps {
  list: TaskList
  peek: string | null
  selected: ReadonlySet<string>
  onSelect(id: string): void
  /** All on this page, or none of them. */
  onSelectAll(): void
}

const heights = { compact: 30, usual: 36, comfortable: 44 }
const onPhone = 66

export function rowHeight() {
  return matchMedia('(max-width: 720px)').matches ? onPhone : heights[readSetting('rows')]
}

export function TaskTable({ list, peek, selected, onSelect, onSelectAll }: TableProps) {
  const rows = list.rows.value
  const chosen = chosenColumns()
  const isUsual = chosen.join() === usualColumns.join()
  const end = useNextPage(list)
  return (
    <>
      <div class={isUsual ? undefined : 'tasks-wide'}>
        <table
          class={`table tasks-table${isUsual ? ' usual' : ''}`}
          style={isUsual ? undefined : { minWidth: `${widthOf(chosen)}px` }}
          aria-label="Tasks"
          aria-rowcount={list.cursor.value ? -1 : rows.length + 1}
        >
          <thead>
            <tr>
              <th class="col-check">
                <input
                  type="checkbox"
                  aria-label="Select all on this page"
                  title="Select all on this page"
                  checked={selected.size > 0 && selected.size === Math.min(rows.length, mostOfBatch)}
                  indeterminate={selected.size > 0 && selected.size < Math.min(rows.length, mostOfBatch)}
                  onChange={onSelectAll}
                />
              </th>
              <th class="col-status">Status</th>
              <th class="col-what">Task</th>
              {headings(chosen)}
            </tr>
          </thead>
          <VirtualRows
            count={rows.length}
            height={rowHeight()}
            row={index => (
              <Row
                key={rows[index]!.id}
                task={rows[index]!}
                columns={chosen}
                index={index}
                chosen={rows[index]!.id === peek}
                gone={list.gone.value.has(rows[index]!.id)}
                selected={selected.has(rows[index]!.id)}
                onSelect={onSelect}
              />
            )}
          />
        </table>
      </div>
      <div ref={end} />
    </>
  )
}

/** It comes before one reaches the end; one that did not come is asked for again once the server answers. */
function useNextPage(list: TableProps['list']) {
  const end = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!end.current) return
    const seen = new IntersectionObserver(
      ([entry]) => entry?.isIntersecting && !list.error.peek() && void list.more(),
      {
        rootMargin: '600px'
      }
    )
    seen.observe(end.current)
    return () => seen.disconnect()
  }, [list, list.rows.value.length, list.error.value])
  return end
}

/** Pixels below which a table of many columns is moved sideways. */
function widthOf(chosen: readonly Column[]) {
  return chosen.reduce((sum, name) => sum + (name === 'id' ? 290 : 100), 340)
}

function headings(chosen: readonly Column[]) {
  return chosen.map(name => (
    <th key={name} class={`col-${name}`}>
      {columns[name]}
    </th>
  ))
}

interface RowProps {
  task: Task
  columns: readonly Column[]
  index: number
  chosen: boolean
  gone: boolean
  selected: boolean
  onSelect(id: string): void
}

function Row({ task, columns, index, chosen, gone, selected, onSelect }: RowProps) {
  function open(event: MouseEvent) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
    if ((event.target as Element).closest('input')) return
    event.preventDefault()
    go(withQuery({ peek: task.id }))
  }
  return (
    <tr
      data-id={task.id}
      data-index={index}
      aria-rowindex={index + 2}
      class={`${chosen ? 'is-chosen' : ''}${gone ? ' is-gone' : ''}`}
      onClick={open}
    >
      <td class="col-check">
        <input
          type="checkbox"
          aria-label={`Select ${task.task} ${shortId(task.id)}`}
          checked={selected}
          onChange={() => onSelect(task.id)}
        />
      </td>
      <td class="col-status">
        <StatusWord status={task.status} progress={task.progress} />
      </td>
      <td class="col-what what">
        <a href={href(`/tasks/${task.id}`)} title={task.name ?? undefined}>
          {task.task}
          {task.name && <span class="soft"> {task.name}</span>}
          <span class="only-heard"> {shortId(task.id)}</span>
        </a>
      </td>
      {columns.map(name => (
        <Cell key={name} name={name} task={task} />
      ))}
    </tr>
  )
}
