import { href } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Page as Items, Schedule } from '../../state/service/shapes.ts'
import { CopyAs } from '../../ui/copy.tsx'
import { LinkButton } from '../../ui/link-button.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, Refused, Waiting } from '../../ui/said.tsx'
import { Word } from '../../ui/status.tsx'
import { Ago } from '../../ui/time.tsx'
import { commandText, curlText } from '../../words/copy.ts'
import { ruleText } from '../../words/schedules/schedules.ts'
import { ScheduleButtons } from './act.tsx'
import { Strip } from './strip.tsx'
import { WeekHeat } from './week.tsx'

export function Schedules() {
  const found = useQuery<Items<Schedule>>('/api/schedules?limit=200', 5)
  const all = found.data.value?.items
  const ours = all?.filter(({ system }) => system) ?? []
  const others = all?.filter(({ system }) => !system) ?? []
  return (
    <Page
      title="Schedules"
      busy={!all && !found.error.value}
      actions={
        <>
          <CopyAs
            curl={curlText(serviceAddress, 'GET', '/api/schedules')}
            cli={commandText('schedule list')}
            sql="select * from ops.schedules;"
          />
          <LinkButton to="/schedules/new" icon="plus" look="main" needs="addSchedule">
            New schedule
          </LinkButton>
        </>
      }
    >
      <Refused query={found} />
      {!all && !found.error.value && <Waiting />}
      {all && others.length === 0 && (
        <Empty title="There are no schedules yet">
          <p>A schedule makes tasks again and again: each night, every minute, or once at a time to come.</p>
        </Empty>
      )}
      <WeekHeat schedules={others} />
      {others.length > 0 && <List schedules={others} label="Schedules" />}
      {ours.length > 0 && (
        <section class="section">
          <h2>House-keeping</h2>
          <List schedules={ours} label="House-keeping" />
        </section>
      )}
    </Page>
  )
}

function List({ schedules, label }: { schedules: Schedule[]; label: string }) {
  return (
    <ul class="schedule-list" aria-label={label}>
      {schedules.map(schedule => (
        <li key={schedule.id} class="schedule-row">
          <div class="schedule-name">
            <a class="cut-off" href={href(`/schedules/${schedule.id}`)}>
              {schedule.name}
            </a>
            <span class="soft breaks">
              {schedule.task}, {ruleText(schedule)}
            </span>
          </div>
          <div class="schedule-next">
            {schedule.enabled ? (
              <span class="number">
                <Ago time={schedule.next_run_at} />
              </span>
            ) : (
              <Word word="paused" />
            )}
            <span class="soft">{schedule.enabled ? 'next' : (schedule.note ?? '')}</span>
          </div>
          <Strip schedule={schedule} />
          <div class="buttons">
            <ScheduleButtons schedule={schedule} />
          </div>
        </li>
      ))}
    </ul>
  )
}
