import { writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'

/**
 * Lets a process of ours that leads a session have what others leave: whoever waits for an answer goes before whoever
 * has said that it may take a while. On an idle machine it changes nothing.
 */
export function stepBack(pid: number, nice: number) {
  quietly(() => setPriority(pid, nice))
  // Where Linux shares the processors between sessions, the number above only counts within one.
  quietly(() => writeFileSync(`/proc/${pid}/autogroup`, String(nice)))
}

/** Not every system has both, and it may be gone already. */
function quietly(attempt: () => void) {
  try {
    attempt()
  } catch {}
}
