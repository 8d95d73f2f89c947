import { href } from '../../state/browser/route.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Task, Why } from '../../state/service/shapes.ts'
import { ActionButton } from '../../ui/action-button.tsx'
import { AuditLink } from '../../ui/audit-link.tsx'
import { Button } from '../../ui/button.tsx'
import { Progress } from '../../ui/charts/progress.tsx'
import { CopyButton } from '../../ui/copy.tsx'
import { Ago, At, For, Span } from '../../ui/time.tsx'
import { percentText, shortId } from '../../words/number.ts'
import { isFinal, mayRetry } from '../../words/tasks/tasks.ts'
import { askToCancel, askToForget, askToRetry } from './act.ts'

/** Why it does not run, and who can mend that. Retry and Cancel are buttons of the task already. */
export function WhyBox({ task }: { task: Task }) {
  const open = !isFinal(task) && task.status !== 'PROCESSING'
  const why = useQuery<Why>(open ? `/api/tasks/${task.id}/why` : undefined, 3).data.value
  if (!open || !why) return null
  const remedies = why.actions.filter(({ label }) => label !== 'Cancel' && label !== 'Retry')
  return (
    <section class="why" aria-label="Why it does not run">
      <p>{why.sentence}</p>
      {(why.since || why.until) && (
        <p class="soft">
          {why.since && (
            <>
              It has been so <For since={why.since} />
            </>
          )}
          {why.until && (
            <>
              {why.since && ', '}ends <Ago time={why.until} />
            </>
          )}
        </p>
      )}
      {remedies.length > 0 && (
        <div class="buttons">
          {remedies.map((action, index) => (
            <ActionButton key={action.url + action.label} action={action} main={index === 0} />
          ))}
        </div>
      )}
    </section>
  )
}

export function ErrorBox({ task }: { task: Pick<Task, 'error'> }) {
  if (!task.error) return null
  return (
    <div class="error-said">
      <b>{task.error.type}</b>
      {task.error.message}
    </div>
  )
}

/** Retry or Cancel, whichever may be done. */
export function SteerButtons({ task, onForgotten }: { task: Task; onForgotten?: () => void }) {
  return (
    <>
      {mayRetry(task) && (
        <Button icon="retry" look="main" needs="retryTask" onClick={() => askToRetry(task)}>
          Retry
        </Button>
      )}
      {!isFinal(task) && (
        <Button icon="cancel" needs="cancelTask" onClick={() => askToCancel(task)}>
          Cancel
        </Button>
      )}
      {onForgotten && isFinal(task) && (
        <Button icon="trash" needs="forgetTask" onClick={() => askToForget(task, onForgotten)}>
          Forget
        </Button>
      )}
    </>
  )
}

export function TaskProgress({ task }: { task: Task }) {
  if (task.status !== 'PROCESSING') return null
  return (
    <div class="task-progress">
      <Progress value={task.progress} label={`Progress of ${task.task}`} />
      {task.progress !== null && <span class="number soft">{percentText(task.progress)}</span>}
    </div>
  )
}

export function TaskFacts({ task }: { task: Task }) {
  return (
    <dl class="facts">
      <dt>Id</dt>
      <dd>
        <span class="mono">{task.id}</span> <CopyButton text={task.id} label="Copy id" />
      </dd>
      <dt>Kind</dt>
      <dd>
        <a href={href(`/tasks?task=${encodeURIComponent(task.task)}`)}>{task.task}</a>
      </dd>
      <dt>Queue</dt>
      <dd>
        <a href={href(`/tasks?queue=${encodeURIComponent(task.queue)}`)}>{task.queue}</a>
        <span class="soft"> priority {task.priority}</span>
      </dd>
      <dt>Attempts</dt>
      <dd>
        {task.attempts}{' '}
        <span class="soft">
          and up to {task.max_retries} {task.max_retries === 1 ? 'retry' : 'retries'}
        </span>
      </dd>
      <dt>Submitted</dt>
      <dd>
        <At time={task.created_at} />{' '}
        <span class="soft">
          (<Ago time={task.created_at} />)
        </span>
      </dd>
      {task.eta && <Fact name="Not before" time={task.eta} />}
      {task.expires_at && <Fact name="Has to start by" time={task.expires_at} />}
      {task.started_at && <Fact name="Started" time={task.started_at} />}
      {task.finished_at && <Fact name="Finished" time={task.finished_at} />}
      {task.started_at && (
        <>
          <dt>Ran</dt>
          <dd>
            <Span from={task.started_at} to={task.finished_at} />
          </dd>
        </>
      )}
      {task.result_expires_at && <Fact name="Result expires" time={task.result_expires_at} />}
      {task.worker && (
        <>
          <dt>Worker</dt>
          <dd>
            <a class="mono" href={href(`/workers/${task.worker}`)} title={task.worker}>
              {shortId(task.worker)}
            </a>
          </dd>
        </>
      )}
      <Links task={task} />
    </dl>
  )
}

function Fact({ name, time }: { name: string; time: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <At time={time} />
      </dd>
    </>
  )
}

function Links({ task }: { task: Task }) {
  return (
    <>
      {task.video_id && (
        <>
          <dt>Film</dt>
          <dd>
            <a href={href(`/videos/${task.video_id}`)}>Open the film</a>
          </dd>
        </>
      )}
      {task.schedule_id && (
        <>
          <dt>Schedule</dt>
          <dd>
            <a href={href(`/schedules/${task.schedule_id}`)}>Open the schedule</a>
          </dd>
        </>
      )}
      {task.traceparent && (
        <>
          <dt>Trace</dt>
          <dd>
            <span class="mono">{task.traceparent.slice(3, 35)}</span>{' '}
            <CopyButton text={task.traceparent.slice(3, 35)} label="Copy trace id" />
          </dd>
        </>
      )}
      {task.created_by && (
        <>
          <dt>Submitted by</dt>
          <dd>{task.created_by}</dd>
        </>
      )}
      <dt>Audit</dt>
      <dd>
        <AuditLink type="task" id={task.id} />
      </dd>
      {task.tags.length > 0 && (
        <>
          <dt>Tags</dt>
          <dd class="buttons">
            {task.tags.map(tag => (
              <a key={tag} class="tag" href={href(`/tasks?tag=${encodeURIComponent(tag)}`)}>
                <span class="cut-off">{tag}</span>
              </a>
            ))}
          </dd>
        </>
      )}
    </>
  )
}
