import type { TaskBody } from '#tasks/schemas.ts'
import { isFinal } from '#tasks/words.ts'
import type { Watching } from './watch.ts'

/** Resolves when the task is finished, after `seconds` at the latest; with undefined if there is no such task. */
export function waitUntilFinished(
  watching: Watching,
  id: string,
  seconds: number,
  signal?: AbortSignal
): Promise<TaskBody | undefined> {
  return new Promise(resolve => {
    let latest: TaskBody | undefined
    const timer = setTimeout(end, seconds * 1000)
    signal?.addEventListener('abort', end)
    if (signal?.aborted) queueMicrotask(end)
    const stop = watching.watch(id, task => {
      latest = task
      if (!task || isFinal(task.state)) end()
    })

    function end() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      stop()
      resolve(latest)
    }
  })
}
