import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** Limits of the kernel for one run. */
export interface Limits {
  /** Seconds of all cores together. */
  cpu: number
  /** Bytes of address space. */
  memory: number
  /** Bytes of each file that it writes. */
  fileSize: number
  /** Threads of its user, itself included. */
  processes: number
}

export interface WantedLimits {
  /** Seconds on the clock that the run may take. */
  seconds?: number | undefined
  /** Bytes of each file that it writes; a program without a folder to write in needs none. */
  fileSize?: number | undefined
  /** Bytes of address space. */
  memory?: number | undefined
}

const GiB = 1024 ** 3
const cores = availableParallelism()

/**
 * Stops a bomb, and no film: three prints up to 1080p take 2.7 GiB of address space with 8 threads and 3.9 with 16;
 * 2160p takes about twice that.
 */
const mostMemory = Math.max(6 * GiB, 2 * GiB + 0.5 * GiB * cores)

const day = 24 * 60 * 60
const largestFile = 256 * GiB

/** Ten encoders of 16 cores start 500 threads. */
const ownProcesses = 1024

/** Limits for a run; `ownUser` says whether its user runs nothing else. */
export function limitsFor(
  { seconds = day, fileSize = largestFile, memory = mostMemory }: WantedLimits,
  ownUser: boolean
): Limits {
  return {
    cpu: Math.ceil(seconds * cores) + 1,
    memory,
    fileSize,
    // The kernel counts all threads of a user: those of the whole machine are at least as many.
    processes: ownProcesses + (ownUser ? 0 : threadsOfMachine())
  }
}

function threadsOfMachine() {
  try {
    return Number(/\d+\/(\d+)/.exec(readFileSync('/proc/loadavg', 'utf8'))![1])
  } catch {
    return 30_000
  }
}
