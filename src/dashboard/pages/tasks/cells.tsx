import { readSetting } from '../../state/browser/settings.ts'
import type { Task } from '../../state/service/shapes.ts'
import { Progress } from '../../ui/charts/progress.tsx'
import { Ago, Span } from '../../ui/time.tsx'
import { brief } from '../../words/json.ts'
import { percentText, shortId } from '../../words/number.ts'
import type { Column } from '../../words/tasks/columns.ts'

const none = <span class="soft">–</span>

/** What a column shows of a task. */
export function Cell({ name, task }: { name: Column; task: Task }) {
  switch (name) {
    case 'args':
      return (
        <td class="col-args args">
          <Now task={task} />
        </td>
      )
    case 'queue':
      return (
        <td class="col-queue" title={task.queue}>
          {task.queue}
        </td>
      )
    case 'priority':
      return <td class="col-priority number">{task.priority}</td>
    case 'attempts':
      return (
        <td class="col-attempts number">
          {task.attempts}
          {/* Attempts that a worker's end has cut short do not count. */}
          {task.attempts <= task.max_retries + 1 && <span class="soft"> / {task.max_retries + 1}</span>}
        </td>
      )
    case 'worker':
      return (
        <td class="col-worker mono soft" title={task.worker ?? undefined}>
          {task.worker ? shortId(task.worker) : '–'}
        </td>
      )
    case 'tags':
      return (
        <td class="col-tags soft" title={task.tags.join(', ')}>
          {task.tags.length === 0 ? '–' : task.tags.join(', ')}
        </td>
      )
    case 'submitted':
      return <TimeCell name={name} time={task.status === 'SCHEDULED' && task.eta ? task.eta : task.created_at} />
    case 'eta':
      return <TimeCell name={name} time={task.eta} />
    case 'expires':
      return <TimeCell name={name} time={task.expires_at} />
    case 'finished':
      return <TimeCell name={name} time={task.finished_at} />
    case 'ran':
      return (
        <td class="col-ran">
          <Span from={task.started_at} to={task.finished_at} />
        </td>
      )
    case 'id':
      return (
        <td class="col-id mono soft" title={task.id}>
          {task.id}
        </td>
      )
  }
}

function TimeCell({ name, time }: { name: Column; time: string | null }) {
  return <td class={`col-${name} number`}>{time ? <Ago time={time} /> : none}</td>
}

/** The most telling: how far it is, what went wrong, else what it was given. */
function Now({ task: { id, status, progress, error, args } }: { task: Task }) {
  if (status === 'PROCESSING' && progress !== null) {
    return (
      <span class="row-progress">
        <Progress value={progress} label={`Progress of ${shortId(id)}`} />
        <span class="number">{percentText(progress)}</span>
      </span>
    )
  }
  if (error && (status === 'FAILED' || status === 'RETRYING')) {
    return (
      <span title={`${error.type}: ${error.message.slice(0, 1000)}`}>
        {error.type}: {error.message.slice(0, 160)}
      </span>
    )
  }
  return readSetting('hide') ? '•••' : brief(args)
}
