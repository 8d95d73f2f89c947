import { setTimeout as delay } from 'node:timers/promises'
import type { TaskBody } from '#client/bodies.ts'
import type { Service } from '../service/service.ts'

// Seconds of one request: proxies usually give up after 30 or 60, and a bar is to move.
const [untold, told] = [25, 1]

interface Waiting {
  /** Seconds. */
  timeout?: number | undefined
  onChange?(task: TaskBody): void
}

/** The task once it has finished, or as it is after `timeout`. Goes on through restarts of the service. */
export async function untilFinished(service: Service, id: string, { timeout = Infinity, onChange }: Waiting) {
  const end = performance.now() + timeout * 1000
  const longest = process.stderr.isTTY ? told : untold
  for (;;) {
    const began = performance.now()
    const wait = Math.max(0, Math.min(longest, (end - began) / 1000))
    const task = await service.patient<TaskBody>('GET', `api/tasks/${id}`, { query: { wait } })
    if (task.finished_at !== null || performance.now() >= end) return task
    onChange?.(task)
    // A service that stops answers at once.
    await delay(Math.max(0, Math.min(wait, 0.5) * 1000 - (performance.now() - began)))
  }
}
