import { setTimeout as delay } from 'node:timers/promises'

// Milliseconds that batching may delay a message or an outcome.
const longestPause = 10

/**
 * The busier a process, the larger its batches: after a statement with many items there is a pause of a millisecond for
 * each, in which more items gather. A single item is never delayed.
 */
export async function gather(carried: number, most = longestPause) {
  if (carried > 1) await delay(Math.min(carried - 1, most))
}

interface TogetherOptions<In, Out> {
  /** Batches in progress at a time. */
  parallel: number
  /** Items in one batch, at most. */
  most: number
  /** Results in the order of the items; an error fails all of them. */
  run(items: In[]): Promise<Out[]>
}

interface Waiting<In, Out> {
  item: In
  resolve(out: Out): void
  reject(error: unknown): void
}

/**
 * Batches items that arrive together. No item is delayed for that: it goes at once while fewer than `parallel` batches
 * are in progress, else with the next batch.
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
