import type { State } from '#database/tables.ts'
import type { TaskBody } from '#tasks/schemas.ts'

/** Thrown by `get`: the task failed or was revoked. */
export class TaskFailed extends Error {
  override name = 'TaskFailed'
  readonly id: string
  readonly state: State
  /** The task's `error.type`. */
  readonly type: string

  constructor({ id, state, error }: TaskBody) {
    super(error?.message ?? `The task is ${state}`)
    this.id = id
    this.state = state
    this.type = error?.type ?? state
  }
}
