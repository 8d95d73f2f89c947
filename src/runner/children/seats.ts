import type { Child } from './child-process.ts'

// Short attempts in hand of one child. It gets new ones when half of them are left, many at once.
const longestLine = 32
// Milliseconds. A body that runs for so long is not short, whatever its kind is on average: those behind it are taken to
// other children.
const longestShort = 50

interface Seats {
  taken: number
  shared: boolean
}

/** The busy children of a pool, and the number of attempts that each of them has: only short ones share a child. */
export function openSeats(canTake: (child: Child) => boolean) {
  const seats = new Map<Child, Seats>()
  let watching = false

  function watchSoon() {
    if (watching) return
    watching = true
    setTimeout(watch, longestShort).unref()
  }

  function watch() {
    watching = false
    const lines = [...seats].filter(([, { taken }]) => taken > 1)
    for (const [child] of lines) if (child.running >= longestShort) child.dropRest()
    if (lines.length > 0) watchSoon()
  }

  return {
    get size() {
      return seats.size
    },
    children: () => [...seats.keys()],

    take(child: Child, isShort: boolean) {
      child.attempts++
      const known = seats.get(child)
      if (!known) return void seats.set(child, { taken: 1, shared: isShort })
      known.taken++
      watchSoon()
    },
    /** Answers whether the child is free now. */
    leave(child: Child) {
      const known = seats.get(child)!
      known.taken--
      return known.taken === 0 && seats.delete(child)
    },

    /** Children with a seat for a short attempt; with `half`, those whose line is half empty. */
    open({ half = false } = {}) {
      const most = half ? longestLine / 2 : longestLine - 1
      return [...seats].filter(([child, { shared, taken }]) => shared && taken <= most && child.running < longestShort)
    },
    /** The one with the fewest attempts of these. */
    emptiest(open: [Child, Seats][]) {
      let best: [Child, Seats] | undefined
      for (const each of open) if (!best || each[1].taken < best[1].taken) best = each
      return best && best[1].taken < longestLine && canTake(best[0]) ? best[0] : undefined
    }
  }
}
