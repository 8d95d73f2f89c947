import { readFileSync } from 'node:fs'

interface Stat {
  /** A zombie: it has ended, and its parent has not read its exit status yet. */
  isOver: boolean
  /** Whether it has taken note of the end of one that it had started. */
  hasSeenAnEnd: boolean
  /** Ticks of its own and of its children that have ended, so that what a child has used is not lost with it. */
  ticks: number
}

/** Throws when it is gone, or where there is no /proc. */
export function statOf(pid: number): Stat {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is a name that may hold anything; it ends with the last bracket.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const numbers = fields.map(Number)
  return {
    isOver: state === 'Z' || state === 'X',
    // Page faults of those: no process starts without one.
    hasSeenAnEnd: numbers[7]! + numbers[9]! > 0,
    ticks: numbers.slice(10, 14).reduce((sum, ticks) => sum + ticks)
  }
}
