import { readdirSync, readFileSync } from 'node:fs'

/** Pids of the children of a process. Undefined when it is gone, or without /proc. */
export function childrenOf(pid: number): number[] | undefined {
  try {
    const found = childrenOfThread(pid, String(pid))
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      if (thread !== String(pid)) found.push(...childrenOfOther(pid, thread))
    }
    return found
  } catch {
    return undefined
  }
}

// Linux lists a child with the thread that started it, not with the whole process.
function childrenOfThread(pid: number, thread: string) {
  return readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}

function childrenOfOther(pid: number, thread: string) {
  try {
    return childrenOfThread(pid, thread)
  } catch {
    // The thread has ended since it was listed.
    return []
  }
}
