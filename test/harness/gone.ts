import { execFileSync } from 'node:child_process'

/** True when a process has ended, even if its parent has not reaped it. */
export function isGone(pid: number): boolean {
  try {
    const state = execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
    return state.trim() === '' || state.startsWith('Z')
  } catch {
    return true
  }
}
