interface Options<In, Out> {
  /** How many batches may run at a time. */
  abreast: number
  /** The most that go in one batch. */
  most: number
  /** Answers each item, in their order; if it throws, all of them have failed. */
  run(items: In[]): Promise<Out[]>
}

interface Waiting<In, Out> {
  item: In
  resolve(out: Out): void
  reject(error: unknown): void
}

/**
 * Items that arrive together share one statement. None is held back for it: an item goes at once unless all batches are
 * running, and then it goes with the next.
 */
export function together<In, Out>({ abreast, most, run }: Options<In, Out>): (item: In) => Promise<Out> {
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
      if (running < abreast) void runBatches()
    })
}
