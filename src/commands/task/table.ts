import { client, watch } from '../client.ts'
import type { Group } from '../command.ts'
import { choice, flag, json, moment, seconds, text, whole, words, yesOrNo } from '../parsing/options.ts'

const task = { name: 'TASK', about: 'id of the task, or its name' }
const tasks = { ...task, isMany: true }
const statuses = 'SCHEDULED, PENDING, PROCESSING, RETRYING, COMPLETED, FAILED, CANCELLED'

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

const filters = {
  status: text('WORDS', `only these: ${statuses}; "a,b" is either, "-a" is not`),
  state: text('WORDS', "the same in Celery's words"),
  task: text('NAMES', 'only these kinds', { as: 'kind' }),
  queue: text('NAMES', 'only these queues'),
  worker: text('WORKER', 'only those of a worker: id, or host'),
  tag: text('TAGS', 'only with one of these tags'),
  q: text('TEXT', 'only with this in the name or the description', { as: 'search' }),
  error: text('TEXT', 'only with this in the message of the error'),
  schedule_id: text('SCHEDULE', 'only those of a schedule: id, or name', { as: 'schedule' }),
  video_id: text('VIDEO', 'only those of a film: id, or file name', { as: 'video' }),
  created_after: moment('submitted after this time; "2h" is two hours ago', 'past'),
  created_before: moment('submitted before this time', 'past'),
  attempts_min: whole('N', 'only with so many attempts'),
  ran_min: seconds('only those that ran so long'),
  waited_min: seconds('only those that waited so long')
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
      operands: [tasks],
      options: { wait: seconds('to wait until the processes are gone (0)') },
      run: async (service, { operands, values }) => (await import('./steer.ts')).cancelTasks(service, operands, values)
    }),
    client({
      name: 'retry',
      about: 'retry tasks that failed or were cancelled',
      operands: [tasks],
      options: {},
      run: async (service, { operands, values }) => (await import('./steer.ts')).retryTasks(service, operands, values)
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
