import { restrictFiles } from './landlock.ts'
import { applyLimits, offerForKill, restoreSignals } from './limits.ts'
import { becomeUser } from './own-user.ts'
import { canFilter, restrictCalls } from './seccomp.ts'
import { type Facts, failureMark, launcherFailed, type Spec } from './spec.ts'
import { landlockVersion, prctl, waitForReader } from './system.ts'

// A program of its own: it locks itself in and becomes the program that it is given, in the same process, which keeps
// its id, its group and its output. It says nothing unless it fails.

const noNewPrivileges = 38

if (import.meta.main) {
  const [spec, ...args] = process.argv.slice(2)
  try {
    if (spec === undefined) process.stdout.write(JSON.stringify(facts()))
    else become(JSON.parse(spec), args)
  } catch (error) {
    process.stderr.write(`${failureMark}${(error as Error).message}\n`)
    process.exitCode = launcherFailed
  }
}

function facts(): Facts {
  return { landlock: landlockVersion(), seccomp: canFilter() }
}

function become({ program, path, sight, limits, layers }: Spec, args: string[]) {
  offerForKill()
  if (layers.user !== null) becomeUser(layers.user)
  prctl('no_new_privs', noNewPrivileges, 1)
  if (layers.landlock) restrictFiles(sight)
  restoreSignals()
  for (const output of [1, 2]) waitForReader(output)
  if (layers.seccomp) restrictCalls()
  // Last, since Node itself reserves more memory than it may.
  applyLimits(limits)
  process.execve!(program, [program, ...args], { PATH: path })
}
