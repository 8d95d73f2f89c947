import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import type { Watched } from './loading.ts'

/**
 * The other side of `loading.ts`: a module that computes for ever leaves nothing of its own thread that could say so.
 * This one does nothing else, so it may block; it ends by itself once there is no turn left.
 */
const { origins, seconds, turn } = workerData as Watched

// Seconds. What only waits is given up over there, which ends nobody by force; that goes first.
const later = 1

for (let at = Atomics.load(turn, 0); at < origins.length; at = Atomics.load(turn, 0)) {
  if (Atomics.wait(turn, 0, at, (seconds + later) * 1000) === 'timed-out') end(origins[at]!)
}

function end(origin: string) {
  try {
    writeSync(
      2,
      `${origin} cannot be loaded: at its top level, or at that of one it imports, it still computes after ${seconds} s\n`
    )
  } finally {
    // Anything gentler is heard by the thread that does not listen.
    process.kill(process.pid, 'SIGKILL')
  }
}
