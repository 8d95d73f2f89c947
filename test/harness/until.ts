import { setTimeout as delay } from 'node:timers/promises'

/** Seconds that a test waits for an expected event: only a failing test waits that long. A busy machine is slow. */
export const patience = 90

/** Polls until the answer is truthy, and returns it. For changes without a notification, such as a process's end. */
export async function until<T>(ask: () => T | Promise<T>, what: string): Promise<NonNullable<T>> {
  const end = performance.now() + patience * 1000
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (performance.now() > end) throw new Error(`Within ${patience} s it did not come about that ${what}`)
    await delay(20)
  }
}
