import { setTimeout as delay } from 'node:timers/promises'

// So much later, in milliseconds, anybody may hear of anything because of this.
const longest = 10

/**
 * The busier it is, the more goes into a statement: after one that carried many there is a pause of a millisecond for
 * each, in which more gathers. What comes alone is never held up.
 */
export async function gather(carried: number, most = longest) {
  if (carried > 1) await delay(Math.min(carried - 1, most))
}
