import { act } from '../../state/acts/act.ts'
import { confirm } from '../../state/acts/confirm.ts'
import { go } from '../../state/browser/route.ts'
import type { Schedule } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'

const path = ({ id }: Schedule) => `/api/schedules/${id}`

export function ScheduleButtons({ schedule }: { schedule: Schedule }) {
  const named = <span class="only-heard"> {schedule.name}</span>
  return (
    <>
      <Button
        icon="play"
        needs="runSchedule"
        onClick={() =>
          confirm({
            title: `Run ${schedule.name} now?`,
            text: 'A task is made at once. The next occurrence comes as planned.',
            yes: 'Run now',
            needs: 'runSchedule',
            act: () => act('A task is made', 'POST', `${path(schedule)}/run`)
          })
        }
      >
        Run now{named}
      </Button>
      {schedule.enabled ? (
        <Button
          icon="pause"
          needs="editSchedule"
          onClick={() =>
            confirm({
              title: `Pause ${schedule.name}?`,
              text: 'It makes no tasks until it is resumed.',
              yes: 'Pause schedule',
              needs: 'editSchedule',
              act: () => act('The schedule is paused', 'PATCH', path(schedule), { body: { enabled: false } })
            })
          }
        >
          Pause{named}
        </Button>
      ) : (
        <Button
          icon="play"
          look="main"
          needs="editSchedule"
          onClick={() => act('The schedule is resumed', 'PATCH', path(schedule), { body: { enabled: true } })}
        >
          Resume{named}
        </Button>
      )}
    </>
  )
}

export function removeSchedule(schedule: Schedule) {
  confirm({
    title: `Delete ${schedule.name}?`,
    text: 'Its occurrences go with it; the tasks that it made stay.',
    yes: 'Delete schedule',
    needs: 'removeSchedule',
    danger: true,
    grave: true,
    act: async () => {
      if (await act('The schedule is deleted', 'DELETE', path(schedule))) go('/schedules')
    }
  })
}
