import { type Filters, readFilters } from '#tasks/listing/filters.ts'
import { readWords, type Wanted, wants } from '#tasks/listing/words.ts'
import type { TaskBody } from '#tasks/schemas.ts'

/** Whether a task fits the filters of a list, as the statements of the list decide it. */
export function matcher(filters: Filters, internal: readonly string[]): (task: TaskBody) => boolean {
  const { statuses } = readFilters(filters, internal)
  const [tasks, queues, tags, errors] = [filters.task, filters.queue, filters.tag, filters.error].map(readWords)
  const [workers, schedules, videos] = [filters.worker, filters.schedule_id, filters.video_id].map(readWords)
  const q = filters.q?.toLowerCase()
  const { attempts_min = 0, ran_min = 0, waited_min = 0 } = filters
  const after = Date.parse(filters.created_after ?? '') || Number.NEGATIVE_INFINITY
  const before = Date.parse(filters.created_before ?? '') || Number.POSITIVE_INFINITY

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
      someOf(errors!, word => contains(task.error?.message, word.toLowerCase())) &&
      (q === undefined || contains(task.name, q) || contains(task.description, q) || task.id === q) &&
      created > after &&
      created < before &&
      task.attempts >= attempts_min &&
      (ran_min === 0 || ran(task) >= ran_min) &&
      (waited_min === 0 || waited(task) >= waited_min)
    )
  }
}

function has({ only, not }: Wanted, id: string | null) {
  return (only === null || (id !== null && only.includes(id))) && (id === null || !not.includes(id))
}

function someOf({ only, not }: Wanted, fits: (word: string) => boolean) {
  return (only === null || only.some(fits)) && !not.some(fits)
}

function contains(text: string | null | undefined, part: string) {
  return text?.toLowerCase().includes(part) === true
}

function ran({ state, started_at, finished_at }: TaskBody) {
  if (started_at === null || (state !== 'STARTED' && finished_at === null)) return -1
  return ((finished_at === null ? Date.now() : Date.parse(finished_at)) - Date.parse(started_at)) / 1000
}

function waited({ created_at, eta, started_at, finished_at }: TaskBody) {
  const ready = Math.max(Date.parse(created_at), eta === null ? 0 : Date.parse(eta))
  const begun = started_at ?? finished_at
  return ((begun === null ? Date.now() : Date.parse(begun)) - ready) / 1000
}
