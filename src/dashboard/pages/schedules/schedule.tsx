import { href, query } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Page as Items, Occurrence, Preview, Schedule } from '../../state/service/shapes.ts'
import { AuditLink } from '../../ui/audit-link.tsx'
import { Button } from '../../ui/button.tsx'
import { CopyAs } from '../../ui/copy.tsx'
import { Json } from '../../ui/json.tsx'
import { LinkButton } from '../../ui/link-button.tsx'
import { Page } from '../../ui/page.tsx'
import { Refused, Waiting } from '../../ui/said.tsx'
import { Word } from '../../ui/status.tsx'
import { Ago, At } from '../../ui/time.tsx'
import { commandText, curlText, sqlText } from '../../words/copy.ts'
import { countText, shortId } from '../../words/number.ts'
import { occurrenceText, ruleText } from '../../words/schedules/schedules.ts'
import { removeSchedule, ScheduleButtons } from './act.tsx'
import { EditSchedule } from './edit.tsx'
import { PreviewList } from './preview-list.tsx'
import { Strip } from './strip.tsx'

export function SchedulePage({ id }: { id: string }) {
  const path = `/api/schedules/${encodeURIComponent(id)}`
  const found = useQuery<Schedule>(path, 5)
  const schedule = found.data.value
  if (!schedule) {
    return (
      <Page title="Schedule" busy={!found.error.value}>
        <Refused query={found} />
        {!found.error.value && <Waiting />}
      </Page>
    )
  }
  if (query.value.has('edit')) return <EditSchedule schedule={schedule} />
  return (
    <Page
      title={schedule.name}
      actions={
        <>
          <ScheduleButtons schedule={schedule} />
          <LinkButton to={`/schedules/${schedule.id}?edit=1`} needs="editSchedule">
            Edit
          </LinkButton>
          {!schedule.system && (
            <Button icon="trash" needs="removeSchedule" onClick={() => removeSchedule(schedule)}>
              Delete
            </Button>
          )}
          <CopyAs
            curl={curlText(serviceAddress, 'GET', path)}
            cli={commandText(`schedule show ${schedule.id}`)}
            sql={`select * from ops.schedules where id = ${sqlText(schedule.id)};`}
          />
        </>
      }
    >
      <p class="task-status">
        <Word word={schedule.enabled ? 'enabled' : 'paused'} />
        <span>{ruleText(schedule)}</span>
        {schedule.cron && <span class="mono soft">{schedule.cron}</span>}
        {schedule.description && <span class="soft breaks">{schedule.description}</span>}
      </p>
      {schedule.note && <p class="why breaks">{schedule.note}</p>}
      <Strip schedule={schedule} count={60} />
      <div class="columns">
        <Next path={path} schedule={schedule} />
        <Facts schedule={schedule} />
      </div>
      <Occurrences path={path} />
    </Page>
  )
}

function Next({ path, schedule }: { path: string; schedule: Schedule }) {
  const preview = useQuery<Preview>(schedule.enabled ? `${path}/preview?count=10` : undefined, 30).data.value
  return (
    <section class="card">
      <h2>Next</h2>
      {!schedule.enabled && <p class="soft">It is paused.</p>}
      <PreviewList preview={preview} />
    </section>
  )
}

function Facts({ schedule }: { schedule: Schedule }) {
  return (
    <section class="card">
      <h2>Its tasks</h2>
      <dl class="facts">
        <dt>Kind</dt>
        <dd>
          <a href={href(`/tasks?task=${encodeURIComponent(schedule.task)}`)}>{schedule.task}</a>
        </dd>
        <dt>Queue</dt>
        <dd>{schedule.queue ?? <span class="soft">that of the kind</span>}</dd>
        <dt>Made</dt>
        <dd class="number">
          {countText(schedule.total_run_count)}
          <span class="soft">, skipped {countText(schedule.total_skipped)}</span>
          {' · '}
          <a href={href(`/tasks?schedule_id=${schedule.id}`)}>all</a>
        </dd>
        <dt>Last</dt>
        <dd>
          <Ago time={schedule.last_run_at} />
          {schedule.last_task_id && (
            <>
              {' '}
              <a class="mono" href={href(`/tasks/${schedule.last_task_id}`)}>
                {shortId(schedule.last_task_id)}
              </a>
            </>
          )}
        </dd>
        <dt>Audit</dt>
        <dd>
          <AuditLink type="schedule" id={schedule.id} />
        </dd>
        <dt>Overlap</dt>
        <dd>{schedule.overlap === 'skip' ? 'none while its last task is unfinished' : 'allowed'}</dd>
        <dt>Missed</dt>
        <dd>{schedule.missed}</dd>
      </dl>
      <h3>Args</h3>
      <Json value={schedule.args} label="args" />
    </section>
  )
}

function Occurrences({ path }: { path: string }) {
  const found = useQuery<Items<Occurrence>>(`${path}/occurrences?limit=50`, 10)
  const items = found.data.value?.items ?? []
  return (
    <section class="section">
      <h2>Occurrences</h2>
      {found.data.value && items.length === 0 && <p class="soft">None has come yet.</p>}
      {items.length > 0 && (
        <div class="table-place" role="region" aria-label="Occurrences" tabIndex={0}>
          <table class="table">
            <thead>
              <tr>
                <th>Due</th>
                <th>Outcome</th>
                <th>Why</th>
                <th>Task</th>
              </tr>
            </thead>
            <tbody>
              {items.map(one => (
                <OccurrenceRow key={one.due_at} one={one} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function OccurrenceRow({ one }: { one: Occurrence }) {
  return (
    <tr>
      <td>
        <At time={one.due_at} />
      </td>
      <td>
        <Word word={one.outcome} />
      </td>
      <td class="soft">
        {occurrenceText(one).replace(/^\w+[:,]?\s*/, '')}
        {one.manual && ' asked for'}
      </td>
      <td class="mono">{one.task_id ? <a href={href(`/tasks/${one.task_id}`)}>{shortId(one.task_id)}</a> : '–'}</td>
    </tr>
  )
}
