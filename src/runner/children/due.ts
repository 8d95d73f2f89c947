import type { Child } from './child-process.ts'

interface DueOptions {
  /** Attempts after which a child is due to be replaced. */
  most: number
  idle: Child[]
  /** Replaces a child that is idle. */
  replace(child: Child): void
}

// A new child takes 115 ms of CPU to start and until V8 has compiled it: as much as a thousand short attempts. While
// more attempts are sure to come, a child that is due goes on, for so many times as long.
const mostTimes = 10
// So many ends within so many milliseconds are a flood: each child is free now and then, and has the next in a moment.
const [flood, moment] = [10, 100]

/** When a child has run enough attempts. */
export function dueChildren({ most, idle, replace }: DueOptions) {
  const ends = new Array<number>(flood).fill(Number.NEGATIVE_INFINITY)
  let count = 0
  let timer: NodeJS.Timeout | undefined

  function isFlood() {
    return performance.now() - ends[count % flood]! < moment
  }

  function look() {
    timer = undefined
    if (!isFlood()) for (const child of idle.filter(isDue)) replace(child)
    if (idle.some(isDue)) lookLater()
  }

  function lookLater() {
    if (!timer) timer = setTimeout(look, moment).unref()
  }

  function isDue({ attempts }: Child) {
    return attempts >= most
  }

  return {
    ended() {
      ends[count++ % flood] = performance.now()
    },
    /** Whether it can run another attempt: one waits, or the next comes soon. */
    goesOn(child: Child, isAwaited: boolean) {
      if (!isDue(child)) return true
      return child.attempts < mostTimes * most && (isAwaited || isFlood())
    },
    /** It is idle now, and perhaps due. */
    rests(child: Child) {
      if (isDue(child)) lookLater()
    }
  }
}
