import { client, watch } from '../client.ts'
import type { Group } from '../command.ts'
import { choice, flag, json, moment, seconds, text, whole, words, yesOrNo } from '../parsing/options.ts'
import { paging, taskOptions } from '../task/table.ts'

const schedule = { name: 'SCHEDULE', about: 'id of the schedule, or its name' }

const settings = {
  task: text('KIND', 'kind of its tasks', { as: 'kind' }),
  args: json('arguments of its tasks: JSON, @FILE, or - for stdin'),
  cron: text('CRON', 'when it is due: five fields, or six with seconds first'),
  every: seconds('between two occurrences'),
  at: moment('the one moment at which it is due; "2h" is in two hours', 'future'),
  timezone: text('ZONE', 'of --cron, such as Europe/Berlin'),
  start_at: moment('not due before', 'future'),
  end_at: moment('not due after', 'future'),
  one_off: yesOrNo('disable it after its first task'),
  missed: choice(['skip', 'once', 'all'], 'what becomes of occurrences that are more than 60 s late'),
  missed_max: whole('N', 'most tasks at a time for --missed all', [1, 500]),
  overlap: choice(['allow', 'skip'], 'skip: no task while its last one is unfinished'),
  jitter: seconds('up to which each schedule is delayed, always alike'),
  note: text('TEXT', 'why it is as it is'),
  ...taskOptions
}

export const scheduleGroup: Group = {
  name: 'schedule',
  about: 'what makes tasks periodically',
  commands: [
    client({
      name: 'list',
      about: 'schedules, newest first',
      options: {
        q: text('TEXT', 'only with this in the name or the description', { as: 'search' }),
        task: text('KIND', 'only this kind', { as: 'kind' }),
        enabled: yesOrNo('only enabled ones, or only disabled ones'),
        system: yesOrNo("only Darkroom's own, or only others"),
        ...paging,
        watch
      },
      run: async (service, { values }) => (await import('./list.ts')).listSchedules(service, values)
    }),
    client({
      name: 'show',
      about: 'a schedule and what became of its occurrences',
      operands: [schedule],
      options: {},
      run: async (service, { operands: [name], values }) =>
        (await import('./show.ts')).showSchedule(service, name!, values)
    }),
    client({
      name: 'add',
      about: 'add a schedule: --kind, and one of --cron, --every and --at',
      operands: [{ name: 'NAME', about: 'its name, which no other schedule has' }],
      options: { ...settings, disabled: flag('make no tasks yet') },
      examples: [
        `darkroom schedule add nightly --kind process_data --args '{"data": "report"}' --cron '30 2 * * *' --timezone Europe/Berlin`
      ],
      run: async (service, { operands: [name], values }) =>
        (await import('./add.ts')).addSchedule(service, name!, values)
    }),
    client({
      name: 'edit',
      about: 'change what is given of a schedule',
      operands: [schedule],
      options: {
        ...settings,
        name: text('NAME', 'its new name'),
        unset: words('a,b', 'options that go back to their default, such as queue')
      },
      examples: ["darkroom schedule edit nightly --cron '0 4 * * *' --unset queue"],
      run: async (service, { operands: [name], values }) =>
        (await import('./add.ts')).editSchedule(service, name!, values)
    }),
    client({
      name: 'enable',
      about: 'let schedules make tasks again; nothing is caught up',
      operands: [{ ...schedule, isMany: true }],
      options: {},
      run: async (service, { operands, values }) =>
        (await import('./steer.ts')).enableSchedules(service, operands, true, values)
    }),
    client({
      name: 'disable',
      about: 'let schedules make no more tasks',
      operands: [{ ...schedule, isMany: true }],
      options: {},
      run: async (service, { operands, values }) =>
        (await import('./steer.ts')).enableSchedules(service, operands, false, values)
    }),
    client({
      name: 'run',
      about: 'make a task of a schedule now',
      operands: [schedule],
      options: { wait: flag('wait for the end of the task, as "task wait" does') },
      run: async (service, { operands: [name], values }) =>
        (await import('./run.ts')).runSchedule(service, name!, values)
    }),
    client({
      name: 'preview',
      about: 'when a schedule will be due',
      operands: [schedule],
      options: { count: whole('N', 'how many occurrences (10)', [1, 200]) },
      run: async (service, { operands: [name], values }) =>
        (await import('./preview.ts')).previewSchedule(service, name!, values)
    }),
    client({
      name: 'remove',
      about: 'delete schedules; their tasks stay',
      operands: [{ ...schedule, isMany: true }],
      options: {},
      run: async (service, { operands, values }) =>
        (await import('./steer.ts')).removeSchedules(service, operands, values)
    })
  ]
}
