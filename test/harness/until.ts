import { setTimeout as delay } from 'node:timers/promises'

/** Asks until the answer is truthy, and answers it. For what is announced nowhere, such as the end of a process. */
export async function until<T>(ask: () => T | Promise<T>, what: string, seconds = 20): Promise<NonNullable<T>> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (performance.now() > end) throw new Error(`Within ${seconds} s it did not come about that ${what}`)
    await delay(20)
  }
}
