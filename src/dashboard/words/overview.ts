import type { Problem, Queue, Worker } from '../state/service/shapes.ts'
import { countText, plural } from './number.ts'
import { durationText } from './time.ts'
import { isSerious } from './verdict.ts'

/** The state of the service in one sentence, the same for eye and ear. */
export function verdictOf(problems: readonly Problem[], queues: readonly Queue[], workers: readonly Worker[]): string {
  const [worst] = problems.filter(isSerious)
  if (worst) return worst.sentence
  const running = workers.filter(({ status }) => status === 'running').length
  const oldest = Math.max(0, ...queues.map(({ oldest_age }) => oldest_age ?? 0))
  const waiting = oldest < 1 ? 'nothing waits' : `nothing waits longer than ${durationText(Math.ceil(oldest))}`
  return `All well: ${plural(running, 'worker')}, ${waiting}.`
}

export function slotsOf(workers: readonly Worker[]): { busy: number; all: number } {
  const running = workers.filter(({ status }) => status === 'running')
  return {
    busy: running.reduce((sum, worker) => sum + worker.running.length, 0),
    all: running.reduce((sum, { concurrency }) => sum + concurrency, 0)
  }
}

export function shareText(succeeded: number, failed: number): string {
  const all = succeeded + failed
  return all === 0 ? '–' : `${((100 * succeeded) / all).toFixed(failed > 0 && failed / all < 0.01 ? 2 : 1)} %`
}

export const waitingText = (queues: readonly Queue[]) => countText(queues.reduce((sum, { depth }) => sum + depth, 0))
