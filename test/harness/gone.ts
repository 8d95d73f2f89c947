import { execFileSync } from 'node:child_process'

/**
 * True when a process has ended, even if its parent has not reaped it. The first thread of a process is a zombie already
 * while others still end ("Zl"): its files are open until then, and its parent hears nothing.
 */
export function isGone(pid: number): boolean {
  try {
    const state = execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
    return state.trim() === '' || (state.startsWith('Z') && !state.includes('l'))
  } catch {
    return true
  }
}
