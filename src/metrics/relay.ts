import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Snapshot } from './metrics.ts'
import { sumOf } from './sum.ts'

const question = 'metrics'
// Milliseconds. A worker whose thread is busy for longer is scraped the next time.
const patience = 1_000

interface Answer {
  metrics: Snapshot
}

/** In a worker that has no port of its own: answers the process that started it. */
export function answerMetrics(counted: () => Promise<Snapshot>) {
  process.on('message', message => {
    if (message !== question) return
    void counted().then(metrics => process.send?.({ metrics } satisfies Answer, () => {}))
  })
}

/**
 * In the process that starts a worker again and again: asks the running one. Counters must not fall, so what ended ones
 * had counted at their last answer is kept, added up. What a killed worker counted after that is lost.
 */
export function askMetrics(running: () => ChildProcess | undefined) {
  let ended: Snapshot = []
  let last: { worker: ChildProcess; metrics: Snapshot } | undefined

  async function retire() {
    if (last && last.worker !== running()) {
      const counters = last.metrics.filter(({ type }) => String(type) !== 'gauge')
      last = undefined
      ended = await sumOf([ended, counters])
    }
  }

  return async function metrics(): Promise<Snapshot[]> {
    await retire()
    const worker = running()
    if (worker?.connected) {
      const answered = answerOf(worker)
      worker.send(question, () => {})
      const found = await answered
      if (found) last = { worker, metrics: found }
    }
    return last ? [ended, last.metrics] : [ended]
  }
}

/** Undefined where the worker ends, or does not answer in time. */
async function answerOf(worker: ChildProcess): Promise<Snapshot | undefined> {
  const over = new AbortController()
  const signal = AbortSignal.any([AbortSignal.timeout(patience), over.signal])
  const gone = once(worker, 'exit', { signal }).then(() => undefined)
  try {
    return await Promise.race([gone, firstAnswer(worker, signal)])
  } catch {
    return undefined
  } finally {
    over.abort()
  }
}

async function firstAnswer(worker: ChildProcess, signal: AbortSignal): Promise<Snapshot> {
  const [message] = (await once(worker, 'message', { signal })) as [Partial<Answer>]
  return message.metrics ?? firstAnswer(worker, signal)
}
