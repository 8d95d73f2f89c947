/** Rows per transaction of house-keeping: another transaction waits only milliseconds for one of these rows. */
export const batchSize = 1_000

// Milliseconds per run. What is left is for the next run.
const longest = 50_000

/** Whether a run of house-keeping may take another batch. */
export type GoOn = () => boolean

export function timeLeft(signal: AbortSignal): GoOn {
  const end = Date.now() + longest
  return () => !signal.aborted && Date.now() < end
}

/** Repeats until a batch is not full; returns how many rows were removed. */
export async function inBatches(goOn: GoOn, removeSome: () => Promise<number>) {
  let count = 0
  while (goOn()) {
    const removed = await removeSome()
    count += removed
    if (removed < batchSize) break
  }
  return count
}
