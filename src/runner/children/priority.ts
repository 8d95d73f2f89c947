import { writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'

/**
 * Lowers the priority of a session leader: clients that wait for an answer go before tasks, which may take a while. On
 * an idle machine it changes nothing.
 */
export function stepBack(pid: number, nice: number) {
  quietly(() => setPriority(pid, nice))
  // Where Linux schedules by session (autogroup), the niceness above only counts within one session.
  quietly(() => writeFileSync(`/proc/${pid}/autogroup`, String(nice)))
}

/** Not every system has both settings, and the process may be gone already. */
function quietly(attempt: () => void) {
  try {
    attempt()
  } catch {}
}
