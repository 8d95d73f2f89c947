import { readFileSync } from 'node:fs'

interface Stat {
  /** It is a zombie: it has ended, and its parent has not waited for it yet. */
  isOver: boolean
  /** Whether it has waited for at least one child that ended. */
  hasSeenAnEnd: boolean
  /** CPU ticks, with those of ended children that it has waited for. */
  ticks: number
}

/** Throws when the process is gone, or without /proc. */
export function statOf(pid: number): Stat {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field, the program's name, may hold spaces and brackets; it ends with the last bracket.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const numbers = fields.map(Number)
  return {
    isOver: state === 'Z' || state === 'X',
    // Page faults of waited-for children: no process starts without one.
    hasSeenAnEnd: numbers[7]! + numbers[9]! > 0,
    ticks: numbers.slice(10, 14).reduce((sum, ticks) => sum + ticks)
  }
}
