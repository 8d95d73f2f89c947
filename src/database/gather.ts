import { setTimeout as delay } from 'node:timers/promises'

// Milliseconds by which this may delay an announcement at most.
const longest = 10

/**
 * The busier it is, the more goes into a statement: after one that carried many items there is a pause of a millisecond
 * for each, in which more arrive. A single item is never delayed.
 */
export async function gather(carried: number, most = longest) {
  if (carried > 1) await delay(Math.min(carried - 1, most))
}
