import { childrenOf } from '#processes/children.ts'
import { statOf } from '#processes/stat.ts'
import { findMarked } from './strays.ts'

/**
 * Whether processes that a child has started still run; true where that cannot be known. Most children start none, and
 * that check is cheap. An orphan is recognised only by its inherited environment, and that search runs only where a
 * process below the child has ended.
 */
export async function hasLeftovers(pid: number, marked: string): Promise<boolean> {
  const started = childrenOf(pid)
  if (!started) return true
  try {
    if (started.some(isAlive)) return true
    if (started.length === 0 && !statOf(pid).hasSeenAnEnd) return false
  } catch {
    return true
  }
  for await (const found of findMarked(marked)) if (found !== pid && isAlive(found)) return true
  return false
}

function isAlive(pid: number) {
  try {
    return !statOf(pid).isOver
  } catch {
    return false
  }
}
