import type { TaskBody } from './bodies.ts'
import { DarkroomError, TaskFailed } from './errors.ts'
import { pause } from './pause.ts'
import { isFinal } from './watch.ts'

// Seconds; proxies usually give up after 30 or 60.
const longestPoll = 25
// A server that stops answers at once, although the task has not ended.
const shortestPoll = 0.5

type Ask<Task> = (wait: number, signal: AbortSignal | undefined) => Promise<Task>

/** Asks for a task again and again, each time for so many seconds, until it has succeeded. */
export async function untilSuccess<Task extends TaskBody>(
  ask: Ask<Task>,
  { timeout = Infinity, signal }: { timeout?: number; signal?: AbortSignal }
): Promise<Task> {
  const end = performance.now() + timeout * 1000
  const late = new DarkroomError(`The task is not finished after ${timeout} s`, { code: 'TIMEOUT' })
  const clock = Number.isFinite(timeout) ? new AbortController() : undefined
  // Only for a server that does not answer: one that does answers before that.
  const timer = clock && setTimeout(() => clock.abort(late), timeout * 1000 + 1000)
  const signals = [signal, clock?.signal].filter(each => each !== undefined)
  const either = signals.length > 0 ? AbortSignal.any(signals) : undefined
  try {
    for (;;) {
      const asked = performance.now()
      const wait = Math.max(0, Math.min(longestPoll, (end - asked) / 1000))
      const task = await ask(wait, either)
      if (task.state === 'SUCCESS') return task
      if (isFinal(task)) throw new TaskFailed(task)
      const now = performance.now()
      if (now >= end) throw late
      const took = (now - asked) / 1000
      if (took < Math.min(wait, shortestPoll)) await pause(shortestPoll - took, either)
    }
  } finally {
    clearTimeout(timer)
  }
}
