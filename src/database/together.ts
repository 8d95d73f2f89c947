interface Options<In, Out> {
  /** How many batches may be on their way at a time. */
  lanes: number
  /** The most that go in one batch. */
  most: number
  /** Answers for each item, in their order; when it throws, all of them have failed. */
  run(items: In[]): Promise<Out[]>
}

interface Waiting<In, Out> {
  item: In
  resolve(out: Out): void
  reject(error: unknown): void
}

/**
 * Lets what arrives together share one statement. Nothing is held back for it: an item that comes when a lane is free
 * goes at once, and whatever comes while all are on their way goes with the next.
 */
export function together<In, Out>({ lanes, most, run }: Options<In, Out>): (item: In) => Promise<Out> {
  let waiting: Waiting<In, Out>[] = []
  let flying = 0

  async function fly() {
    flying++
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
    flying--
  }

  return item =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (flying < lanes) void fly()
    })
}
