import { useEffect, useRef } from 'preact/hooks'
import { go, href, withQuery } from '../../state/route.ts'
import { readSetting } from '../../state/settings.ts'
import type { Task } from '../../state/shapes.ts'
import type { TaskList } from '../../state/task-list.ts'
import { Progress } from '../../ui/progress.tsx'
import { StatusWord } from '../../ui/status.tsx'
import { Ago, Span } from '../../ui/time.tsx'
import { VirtualRows } from '../../ui/virtual.tsx'
import { brief } from '../../words/json.ts'
import { percentText, shortId } from '../../words/number.ts'

interface TableProps {
  list: TaskList
  peek: string | null
  selected: ReadonlySet<string>
  onSelect(id: string): void
}

const heights = { compact: 30, usual: 36, comfortable: 44 }
const onPhone = 66

export function rowHeight() {
  return matchMedia('(max-width: 720px)').matches ? onPhone : heights[readSetting('rows')]
}

export function TaskTable({ list, peek, selected, onSelect }: TableProps) {
  const rows = list.rows.value
  const end = useRef<HTMLDivElement>(null)
  // The next page comes before one reaches the end.
  useEffect(() => {
    if (!end.current) return
    const seen = new IntersectionObserver(([entry]) => entry?.isIntersecting && void list.more(), {
      rootMargin: '600px'
    })
    seen.observe(end.current)
    return () => seen.disconnect()
  }, [list, rows.length])

  return (
    <>
      <table class="table tasks-table" aria-label="Tasks" aria-rowcount={list.cursor.value ? -1 : rows.length + 1}>
        <thead>
          <tr>
            <th class="col-check">
              <span class="only-heard">Selected</span>
            </th>
            <th class="col-status">Status</th>
            <th class="col-what">Task</th>
            <th class="col-args">Args</th>
            <th class="col-queue">Queue</th>
            <th class="col-number">Attempts</th>
            <th class="col-worker">Worker</th>
            <th class="col-age">Submitted</th>
            <th class="col-more">Ran</th>
          </tr>
        </thead>
        <VirtualRows
          count={rows.length}
          height={rowHeight()}
          row={index => (
            <Row
              key={rows[index]!.id}
              task={rows[index]!}
              index={index}
              chosen={rows[index]!.id === peek}
              gone={list.gone.value.has(rows[index]!.id)}
              selected={selected.has(rows[index]!.id)}
              onSelect={onSelect}
            />
          )}
        />
      </table>
      <div ref={end} />
    </>
  )
}

interface RowProps {
  task: Task
  index: number
  chosen: boolean
  gone: boolean
  selected: boolean
  onSelect(id: string): void
}

function Row({ task, index, chosen, gone, selected, onSelect }: RowProps) {
  const hidden = readSetting('hide')
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
      <td class="col-args args">
        {task.status === 'PROCESSING' && task.progress !== null ? (
          <span class="row-progress">
            <Progress value={task.progress} label={`Progress of ${shortId(task.id)}`} />
            <span class="number">{percentText(task.progress)}</span>
          </span>
        ) : task.error && (task.status === 'FAILED' || task.status === 'RETRYING') ? (
          <span title={`${task.error.type}: ${task.error.message.slice(0, 1000)}`}>
            {task.error.type}: {task.error.message.slice(0, 160)}
          </span>
        ) : hidden ? (
          '•••'
        ) : (
          brief(task.args)
        )}
      </td>
      <td class="col-queue">{task.queue}</td>
      <td class="col-number number">
        {task.attempts}
        <span class="soft"> / {task.max_retries + 1}</span>
      </td>
      <td class="col-worker mono soft" title={task.worker ?? undefined}>
        {task.worker ? shortId(task.worker) : '–'}
      </td>
      <td class="col-age number">
        <Ago time={task.status === 'SCHEDULED' && task.eta ? task.eta : task.created_at} />
      </td>
      <td class="col-more">
        <Span from={task.started_at} to={task.finished_at} />
      </td>
    </tr>
  )
}
