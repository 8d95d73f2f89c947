import { readFileSync } from 'node:fs'

// A range without accounts in the tables of Debian and systemd.
const first = 60_800
const count = 256

/** All programs of one parent share a user, since one goes on with what another has written. */
export const userOf = (parent: number) => first + (parent % count)

/** To read and write what the mode of a file would not allow. */
export const overrideModes = 1

/** Root lacks them in a container that drops capabilities. The worker needs KILL to end a process of another user. */
const needed = { SETPCAP: 8, SETGID: 6, SETUID: 7, KILL: 5, overrideModes }

/** Whether a process with these effective capabilities can run a program as another user. */
export const canHaveOwnUser = (effective: bigint) =>
  process.getuid?.() === 0 && Object.values(needed).every(bit => ((effective >> BigInt(bit)) & 1n) === 1n)

/** Of this process, as bits. */
export function effectiveCapabilities() {
  try {
    return BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]}`)
  } catch {
    return 0n
  }
}
