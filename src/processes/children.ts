import { readdirSync, readFileSync } from 'node:fs'

/** Child processes whose exit status a process has not read yet. Undefined when it is gone, or where /proc does not tell. */
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

/** A process belongs to the thread that has started it. */
function childrenOfThread(pid: number, thread: string) {
  return readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}

function childrenOfOther(pid: number, thread: string) {
  try {
    return childrenOfThread(pid, thread)
  } catch {
    // Threads come and go.
    return []
  }
}
