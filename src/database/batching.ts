import { setTimeout as delay } from 'node:timers/promises'

// Milliseconds that this may delay a message or an outcome.
const longestPause = 10

/**
 * The busier a process is, the more goes into one statement: after a statement that carried many items there is a pause
 * of a millisecond for each, in which more of them gather. A single item is never delayed.
 */
export async function gather(carried: number, most = longestPause) {
  if (carried > 1) await delay(Math.min(carried - 1, most))
}

interface TogetherOptions<In, Out> {
  /** How many batches may be on their way at a time. */
  parallel: number
  /** The most items in one batch. */
  most: number
  /** Answers for each item, in their order; an error fails all of them. */
  run(items: In[]): Promise<Out[]>
}

interface Waiting<In, Out> {
  item: In
  resolve(out: Out): void
  reject(error: unknown): void
}

/**
 * Lets items that arrive together share one statement. Nothing is delayed for it: an item goes at once while fewer than
 * `parallel` batches are on their way, else with the next batch.
 */
export function together<In, Out>({ parallel, most, run }: TogetherOptions<In, Out>): (item: In) => Promise<Out> {
  let waiting: Waiting<In, Out>[] = []
  let running = 0

  async function runBatches() {
    running++
    while (waiting.length > 0) {
      const batch = waiting.slice(0, most)
      waiting = waiting.slice(most)
      try {
        const outs = await run(batch.map(({ item }) => item))
        for (const [index, { resolve }] of batch.entries()) resolve(outs[index]!)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    running--
  }

  return item =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (running < parallel) void runBatches()
    })
}
