import { isUuid } from '#schema/common.ts'
import { type Filters, readFilters } from '#tasks/listing/filters.ts'
import { readWords, type Wanted, wants } from '#tasks/listing/words.ts'
import type { TaskBody } from '#tasks/schemas.ts'

/**
 * Whether a task fits the filters of a list, as the statements of the list decide it. A body has no microseconds, and
 * not the start of an earlier attempt: where these decide, a task fits, as a page that looks once too often is right.
 */
export function matcher(filters: Filters, internal: readonly string[]): (task: TaskBody) => boolean {
  const { statuses } = readFilters(filters, internal)
  const [tasks, queues, tags] = [filters.task, filters.queue, filters.tag].map(readWords)
  const [workers, schedules, videos] = [filters.worker, filters.schedule_id, filters.video_id].map(readIds)
  const errors = readFolded(filters.error)
  const { q, attempts_min = 0, ran_min, waited_min } = filters
  const after = momentOf(filters.created_after) ?? Number.NEGATIVE_INFINITY
  const before = momentOf(filters.created_before) ?? Number.POSITIVE_INFINITY

  return task => {
    const created = Date.parse(task.created_at)
    return (
      statuses.includes(task.status) &&
      wants(tasks!, task.task) &&
      (tasks!.only !== null || !internal.includes(task.task)) &&
      wants(queues!, task.queue) &&
      has(workers!, task.worker) &&
      has(schedules!, task.schedule_id) &&
      has(videos!, task.video_id) &&
      someOf(tags!, word => task.tags.includes(word)) &&
      hasError(errors, task) &&
      (q === undefined || isFound(task, q)) &&
      created >= after &&
      created <= before &&
      task.attempts >= attempts_min &&
      (ran_min === undefined || ran(task) >= ran_min) &&
      (waited_min === undefined || waited(task) >= waited_min)
    )
  }
}

function momentOf(time: string | undefined) {
  return time === undefined ? undefined : Date.parse(time)
}

function readIds(text: string | undefined): Wanted {
  return readWords(text?.toLowerCase())
}

function readFolded(text: string | undefined): Wanted {
  const { only, not } = readWords(text)
  return { only: only?.map(folded) ?? null, not: not.map(folded) }
}

function has({ only, not }: Wanted, id: string | null) {
  return (only === null || (id !== null && only.includes(id))) && (id === null || !not.includes(id))
}

function someOf({ only, not }: Wanted, fits: (word: string) => boolean) {
  return (only === null || only.some(fits)) && !not.some(fits)
}

/** The error of a success says that its result has expired; its row has none. */
function hasError({ only, not }: Wanted, { state, error }: TaskBody) {
  const message = state === 'SUCCESS' || error === null ? null : folded(error.message)
  return (
    (only === null || (message !== null && only.some(word => message.includes(word)))) &&
    !not.some(word => (message ?? '').includes(word))
  )
}

function isFound({ id, name, description }: TaskBody, q: string) {
  if (isUuid(q)) return id === q.toLowerCase()
  const part = folded(q)
  return [name, description].some(text => text !== null && folded(text).includes(part))
}

/** In lower case letter by letter, as Postgres does it: JavaScript has another sigma at the end of a word. */
function folded(text: string) {
  return text.replaceAll(/\p{Lu}/gu, letter => letter.toLowerCase())
}

function ran({ state, started_at, finished_at }: TaskBody) {
  const end = state === 'STARTED' ? Date.now() : finished_at === null ? Number.NaN : Date.parse(finished_at)
  return started_at === null ? Number.NaN : (end - Date.parse(started_at)) / 1000
}

/** The eta of a retried task is that of its latest attempt. */
function waited({ state, attempts, created_at, eta, started_at, finished_at }: TaskBody) {
  const isFirst = attempts <= 1 && state !== 'RETRY'
  const ready = Math.max(Date.parse(created_at), isFirst && eta !== null ? Date.parse(eta) : 0)
  const begun = started_at ?? finished_at
  return ((begun === null ? Date.now() : Date.parse(begun)) - ready) / 1000
}
