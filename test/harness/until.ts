import { setTimeout as delay } from 'node:timers/promises'

/** Seconds that a test waits for what must come about: only one that fails waits so long. A busy machine is slow. */
export const patience = 90

/** Asks until the answer is truthy, and answers it. For what is announced nowhere, such as the end of a process. */
export async function until<T>(ask: () => T | Promise<T>, what: string): Promise<NonNullable<T>> {
  const end = performance.now() + patience * 1000
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (performance.now() > end) throw new Error(`Within ${patience} s it did not come about that ${what}`)
    await delay(20)
  }
}
