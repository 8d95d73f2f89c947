import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** Takes what others leave of a processor. Linux has a priority by thread; elsewhere it keeps that of its process. */
export function stepBack() {
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), 10)
  } catch {
    // There is no /proc, or the thread may not.
  }
}
