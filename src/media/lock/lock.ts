import { existsSync } from 'node:fs'
import { type Command, commandFor } from './command.ts'
import { failureMark, launcherFailed } from './launcher/spec.ts'
import { limitsFor, type WantedLimits } from './limits.ts'
import { sightOf } from './sight.ts'
import { isWay, type Way } from './ways.ts'

/** What one run may see, and how much it may take. Nothing that is not named here. */
export interface Cell extends WantedLimits {
  /** Files and folders to read. */
  reads?: string[]
  /** Folders to work in. */
  writes?: string[]
  /** Device nodes of a card that encodes. */
  devices?: string[] | undefined
}

/** The lock could not be closed, so the program has not run. */
export class LockFailed extends Error {
  override name = 'LockFailed'
  readonly code = 'lock_failed'

  constructor(why: string) {
    super(
      `The media sandbox could not be set up (${why}), so nothing was decoded. The worker proves its sandbox when it ` +
        'starts: restart it; "darkroom doctor" says what is missing.'
    )
  }
}

// A policy of the process, like its umask: a call that forgets to ask for it runs under it, too.
let current: Way | undefined

/** Names the way to the worker's children. */
export const lockVariable = 'DARKROOM_MEDIA_LOCK'

/** Locks as the worker of this child has proved. */
export function lockAsProved(wanted: 'auto' | 'required' | 'off') {
  const way = process.env[lockVariable]
  if (wanted === 'required' && !isWay(way)) throw new LockFailed('MEDIA_SANDBOX=required, and no worker has proved it')
  lockWith(wanted !== 'off' && isWay(way) ? way : undefined)
}

/** From here on every media program of this process runs in this way; undefined: without a lock. */
export function lockWith(way: Way | undefined) {
  current = way
}

/** The command line that runs a program with the lock of this process. */
export function underLock(program: string, args: string[], cell: Cell): Command {
  // A program that is not there is reported by the start of it.
  if (current === undefined || !existsSync(program))
    return { file: program, args, env: { PATH: process.env.PATH ?? '' } }
  return commandIn(current, program, args, cell)
}

export function commandIn(way: Way, program: string, args: string[], cell: Cell): Command {
  const limits = limitsFor(cell, way === 'launcher with a user of its own')
  return commandFor(way, { program, args, sight: sightOf(program, cell), limits })
}

/** Throws where the launcher has failed, and not the program. */
export function expectLocked({ exitCode, stderr }: { exitCode: number | undefined; stderr: string }) {
  if (exitCode !== launcherFailed) return
  const at = stderr.lastIndexOf(failureMark)
  if (at >= 0) throw new LockFailed(stderr.slice(at + failureMark.length).trim())
}
