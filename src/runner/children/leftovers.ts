import { childrenOf } from '#processes/children.ts'
import { statOf } from '#processes/stat.ts'
import { findMarked } from './strays.ts'

/**
 * Whether what a child has started still runs. Where nobody can know, it does. Most have started nothing, and to find
 * that out is cheap; whose parent has ended is known only by what it has inherited, and looked for only where somebody
 * has ended.
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
