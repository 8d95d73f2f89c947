import type { Limits, Sight } from '../sight.ts'
import { restrictFiles } from './landlock.ts'
import { applyLimits, restoreSignals, stepBack } from './limits.ts'
import { becomeUser } from './own-user.ts'
import { restrictCalls } from './seccomp.ts'
import { prctl } from './system.ts'

/**
 * A program of its own: locks itself in and becomes the program that it is given, in the same process. It says nothing
 * unless it fails.
 */
export interface Locked {
  program: string
  args: string[]
  path: string
  sight: Sight
  limits: Limits
  layers: { landlock: boolean; seccomp: boolean; user: number | null }
}

/** No exit code of ffmpeg or ffprobe. */
export const launcherFailed = 213

export const failureMark = 'darkroom launcher: '

const noNewPrivileges = 38

if (import.meta.main) {
  try {
    become(JSON.parse(process.argv[2]!))
  } catch (error) {
    process.stderr.write(`${failureMark}${(error as Error).message}\n`)
    process.exitCode = launcherFailed
  }
}

function become({ program, args, path, sight, limits, layers }: Locked) {
  stepBack()
  if (layers.user !== null) becomeUser(layers.user)
  prctl('no_new_privs', noNewPrivileges, 1)
  if (layers.landlock) restrictFiles(sight)
  restoreSignals()
  if (layers.seccomp) restrictCalls()
  // Last: Node itself reserves more memory than the limit.
  applyLimits(limits)
  process.execve!(program, [program, ...args], { PATH: path })
}
