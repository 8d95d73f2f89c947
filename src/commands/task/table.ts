import { where } from '../bulk/where.ts'
import { client, watch } from '../client.ts'
import type { Group } from '../command.ts'
import { choice, flag, json, moment, seconds, text, whole, words, yesOrNo } from '../parsing/options.ts'
import { filters } from './filters.ts'

const task = { name: 'TASK', about: 'id of the task, or its name' }
const someTasks = { ...task, isOptional: true, isMany: true }
const many = { where: where(), yes: flag('with --where: do not ask') }
const ofMany = [
  'With --where the command shows what would be done, asks, and waits for the end. Ctrl-C ends the waiting alone: what has',
  'begun goes on; "darkroom bulk abort ID" stops it, "darkroom bulk undo ID" takes it back.'
]

/** Of a submission; those of a schedule are the same. */
export const taskOptions = {
  queue: text('NAME', 'queue; default: that of the kind'),
  priority: whole('0-9', 'higher first; default: that of the kind', [0, 9]),
  expires: seconds('latest start: later the task is revoked'),
  max_retries: whole('N', 'retries after failures', [0, 10_000]),
  retry_delay: seconds('before the first retry'),
  retry_backoff: yesOrNo('whether the delay doubles'),
  retry_backoff_max: seconds('longest delay'),
  retry_jitter: yesOrNo('whether each delay is drawn at random'),
  time_limit: seconds('after which an attempt is killed'),
  soft_time_limit: seconds('after which an attempt is told to stop'),
  result_expires: seconds('that the result stays readable'),
  tags: words('a,b', 'words to filter by', { as: 'tag' }),
  description: text('TEXT', 'what it is for')
}

export const paging = {
  limit: whole('N', 'how many at most (50)', [1, 100_000]),
  cursor: text('CURSOR', 'go on behind a page')
}

export const taskGroup: Group = {
  name: 'task',
  about: 'submit tasks, look at them, steer them',
  commands: [
    client({
      name: 'submit',
      about: 'submit a task',
      operands: [{ name: 'KIND', about: 'kind of the task' }],
      options: {
        args: json('arguments: JSON, @FILE, or - for stdin'),
        ...taskOptions,
        name: text('NAME', 'to show and to search for'),
        countdown: seconds('until the earliest start'),
        eta: moment('earliest start', 'future'),
        webhook: text('WEBHOOK', 'is told of its end: id, or address'),
        idempotency_key: text('KEY', 'for a day the same task is submitted once under it'),
        wait: flag('wait for its end, as "task wait" does')
      },
      examples: [`darkroom task submit add --args '{"x": 4, "y": 6}'`],
      run: async (service, { operands: [kind], values }) =>
        (await import('./submit.ts')).submitTask(service, kind!, values)
    }),
    client({
      name: 'list',
      about: 'tasks, newest first',
      options: { ...filters, order: choice(['newest', 'oldest', 'soonest', 'longest'], 'order'), ...paging, watch },
      examples: ['darkroom task list --status FAILED --kind add --created-after 1h'],
      run: async (service, { values }) => (await import('./list.ts')).listTasks(service, values)
    }),
    client({
      name: 'show',
      about: 'a task: arguments, result, error, attempts',
      operands: [task],
      options: {},
      run: async (service, { operands: [id], values }) => (await import('./show.ts')).showTask(service, id!, values)
    }),
    client({
      name: 'wait',
      about: 'wait for the end of a task; the exit code is 1 if it failed',
      operands: [task],
      options: { timeout: seconds('to wait at most; then the exit code is 1') },
      run: async (service, { operands: [id], values }) => (await import('./wait.ts')).waitForTask(service, id!, values)
    }),
    client({
      name: 'cancel',
      about: 'cancel tasks; running ones are stopped',
      operands: [someTasks],
      options: { wait: seconds('to wait until the processes are gone (0)'), ...many },
      notes: ofMany,
      examples: ['darkroom task cancel --where "queue=media status=PENDING"'],
      run: async (service, { operands, values }) => (await import('./steer.ts')).cancelTasks(service, operands, values)
    }),
    client({
      name: 'retry',
      about: 'retry tasks that failed or were cancelled',
      operands: [someTasks],
      options: { ...many, over: seconds('over which the retries are spread, instead of all at once') },
      notes: ofMany,
      examples: ['darkroom task retry --where "status=FAILED kind=process_video created-after=2h" --over 10m'],
      run: async (service, { operands, values }) => (await import('./steer.ts')).retryTasks(service, operands, values)
    }),
    client({
      name: 'forget',
      about: 'remove finished tasks with their results, attempts and events, for good',
      operands: [someTasks],
      options: many,
      notes: ofMany,
      run: async (service, { operands, values }) => (await import('./steer.ts')).forgetTasks(service, operands, values)
    }),
    client({
      name: 'move',
      about: 'move tasks that wait to another queue',
      operands: [someTasks],
      options: { queue: text('NAME', 'queue to move to'), ...many },
      notes: ofMany,
      run: async (service, { operands, values }) => (await import('./steer.ts')).moveTasks(service, operands, values)
    }),
    client({
      name: 'why',
      about: 'why a task does not run, and what to type',
      operands: [task],
      options: {},
      run: async (service, { operands: [id], values }) => (await import('./why.ts')).explainTask(service, id!, values)
    }),
    client({
      name: 'log',
      about: 'what the body of a task logged and printed',
      operands: [task],
      options: {
        attempt: whole('N', 'only this attempt', [1, 2 ** 31 - 1]),
        follow: flag('go on until the task has ended; --json then prints a document on a line')
      },
      run: async (service, { operands: [id], values }) => (await import('./log.ts')).logOfTask(service, id!, values)
    }),
    client({
      name: 'timeline',
      about: 'what happened to a task: waits, attempts, events',
      operands: [task],
      options: {},
      run: async (service, { operands: [id], values }) =>
        (await import('./timeline.ts')).showTimeline(service, id!, values)
    })
  ]
}
