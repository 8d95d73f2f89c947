import { createRequire } from 'node:module'
import { commandOfLauncher } from './command.ts'
import { execute } from './execute.ts'
import type { Facts } from './launcher/spec.ts'

export interface Found extends Facts {
  /** Why the launcher does not work here. */
  failure?: string
}

const require = createRequire(import.meta.url)

/** What the launcher finds on this machine. */
export async function askLauncher(): Promise<Found> {
  const nothing = { landlock: 0, seccomp: false }
  if (process.platform !== 'linux') return { ...nothing, failure: `it needs Linux, and this is ${process.platform}` }
  try {
    require.resolve('koffi')
  } catch {
    return { ...nothing, failure: 'the package koffi is not installed' }
  }
  const { stdout, failure } = await execute(commandOfLauncher([]))
  return failure === undefined ? (JSON.parse(stdout) as Facts) : { ...nothing, failure }
}
