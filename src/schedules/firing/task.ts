import type { Kinds } from '#tasks/define.ts'
import { newId } from '#tasks/submit/id.ts'
import type { NewTask } from '#tasks/submit/new-task.ts'
import { newTask, type SubmitDefaults } from '#tasks/submit/prepare.ts'
import type { Option } from '../settings/options.ts'
import type { Settings } from '../settings/settings.ts'

export interface TaskNeeds {
  kinds: Kinds
  defaults: SubmitDefaults
}

/** A schedule as far as its tasks depend on it. */
export interface Maker extends Pick<Settings, 'name' | 'task' | 'args' | 'queue' | 'priority' | 'options' | 'tags'> {
  id: string
  /** A task as it was made when the schedule was saved. */
  template: unknown
}

/**
 * A task of a schedule. Settings that the schedule leaves open are those of its kind today; where this process does not
 * know the kind, they are as they were when the schedule was saved.
 */
export function taskOf({ kinds, defaults }: TaskNeeds, schedule: Maker): NewTask {
  const kind = kinds.get(schedule.task)
  if (!kind) {
    // The trace of the request that saved it is over.
    const { traceparent: _, ...template } = schedule.template as NewTask
    return { ...template, id: newId(), schedule_id: schedule.id }
  }
  const { created_by, owner } = schedule.template as NewTask
  const { expires, ...options } = schedule.options as Partial<Record<Option, any>>
  return newTask(kind, schedule.args, defaults, {
    ...options,
    expires_in: expires,
    name: schedule.name,
    queue: schedule.queue ?? undefined,
    priority: schedule.priority ?? undefined,
    tags: schedule.tags,
    schedule_id: schedule.id,
    created_by,
    owner
  })
}
