import { moment, seconds, text, whole } from '../parsing/options.ts'

const statuses = 'SCHEDULED, PENDING, PROCESSING, RETRYING, COMPLETED, FAILED, CANCELLED'

/** Of the list, and of acts on all tasks that match. */
export const filters = {
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
