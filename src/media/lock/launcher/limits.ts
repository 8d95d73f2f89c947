import { writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import type { Limits } from '../limits.ts'
import { restoreSignal, setLimit } from './system.ts'

const ofFileSize = 1
const ofCpu = 0
const ofCore = 4
const ofProcesses = 6
const ofFiles = 7
const ofMemory = 9

/** An encode of ten prints with their playlists has two dozen. */
const mostFiles = 256

/** Out of memory, the kernel ends the program rather than the worker. */
const firstToEnd = '500'

export function applyLimits({ cpu, memory, fileSize, processes }: Limits) {
  setLimit(ofCore, 0)
  setLimit(ofCpu, cpu)
  setLimit(ofFileSize, fileSize)
  setLimit(ofFiles, mostFiles)
  setLimit(ofProcesses, processes)
  setLimit(ofMemory, memory)
}

export function offerForKill() {
  try {
    writeFileSync('/proc/self/oom_score_adj', firstToEnd)
  } catch {
    // There is no /proc, or it is offered already.
  }
}

export function restoreSignals() {
  for (const signal of [constants.signals.SIGPIPE, constants.signals.SIGXFSZ]) restoreSignal(signal)
}
