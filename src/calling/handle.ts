import { setTimeout as delay } from 'node:timers/promises'
import { byProgram } from '#audit/by.ts'
import type { State } from '#database/tables.ts'
import { TaskNotFinished, TaskNotFound } from '#errors.ts'
import { findTask } from '#tasks/read/find.ts'
import { cancelTask } from '#tasks/steer/cancel.ts'
import { forgetTask } from '#tasks/steer/forget.ts'
import { isFinal } from '#tasks/words.ts'
import { keepFailures } from '#videos/queries.ts'
import type { Caller } from './caller.ts'
import { TaskFailed } from './failed.ts'

/** State and result of a submitted task; Celery's AsyncResult. */
export interface Handle<Result> {
  readonly id: string
  state(): Promise<State>
  ready(): Promise<boolean>
  successful(): Promise<boolean>
  failed(): Promise<boolean>
  /** Waits for the result. Throws TaskFailed if the task failed or was revoked, a TimeoutError after `timeout` seconds. */
  get(options?: { timeout?: number; signal?: AbortSignal }): Promise<Result>
  /** Cancels the task. */
  revoke(): Promise<void>
  /** Removes the finished task with its result, attempts and events. */
  forget(): Promise<void>
}

export function handleOf<Result>({ db, voice }: Caller, id: string): Handle<Result> {
  async function mustFind() {
    const task = await findTask(db, id)
    if (!task) throw new TaskNotFound(id)
    return task
  }

  return {
    id,
    state: async () => (await mustFind()).state,
    ready: async () => isFinal((await mustFind()).state),
    successful: async () => (await mustFind()).state === 'SUCCESS',
    failed: async () => (await mustFind()).state === 'FAILURE',

    async get({ timeout = Number.POSITIVE_INFINITY, signal } = {}) {
      const end = Date.now() + timeout * 1000
      // Short tasks end within milliseconds; long ones are polled once a second.
      for (let pause = 10; ; pause = Math.min(pause * 1.5, 1_000)) {
        const task = await mustFind()
        if (task.state === 'SUCCESS' && !task.error) return task.result as Result
        if (isFinal(task.state)) throw new TaskFailed(task)
        if (Date.now() >= end) throw new DOMException(`The task is ${task.state} after ${timeout} s`, 'TimeoutError')
        await delay(Math.max(1, Math.min(pause, end - Date.now())), undefined, { signal })
      }
    },

    async revoke() {
      if (!(await cancelTask({ db, voice }, id, byProgram(db)))) throw new TaskNotFound(id)
      await voice.flush()
    },

    async forget() {
      const state = await forgetTask(db, id, keepFailures, byProgram(db))
      if (!state) throw new TaskNotFound(id)
      if (!isFinal(state)) throw new TaskNotFinished(state)
    }
  }
}
