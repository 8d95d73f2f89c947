import { prctl, setCapabilities } from './system.ts'

// A range without accounts in Debian's and systemd's tables.
const first = 60_800
const count = 256

/** Reads and writes what the mode of a file would not allow. Landlock says which files; without it this is not given. */
const overrideModes = 1

/** Root lacks them in a container that drops capabilities. KILL is the worker's, to end what has another user. */
const needed = { SETPCAP: 8, SETGID: 6, SETUID: 7, KILL: 5, overrideModes }

const keepCapabilities = 8
const dropFromBounds = 24
const ambient = 47
const lastCapability = 40

/** Whether a process with these effective capabilities can run a program as another user. */
export function canHaveOwnUser(effective: bigint) {
  return process.getuid?.() === 0 && Object.values(needed).every(bit => (effective >> BigInt(bit)) & 1n)
}

/** All programs of one parent share a user, since one may write on what another has made. */
export const userOf = (parent: number) => first + (parent % count)

/**
 * Becomes a user that no other process has, and has one of root's rights left: to pass over the modes of files, so that
 * nobody has to give away films and folders.
 */
export function becomeUser(id: number) {
  for (let each = 0; each <= lastCapability; each++) {
    if (each === overrideModes) continue
    try {
      prctl('dropping a capability', dropFromBounds, each)
    } catch {
      // Older kernels know fewer.
      break
    }
  }
  prctl('keeping a capability', keepCapabilities, 1)
  process.setgroups!([])
  process.setgid!(id)
  process.setuid!(id)
  setCapabilities(1n << BigInt(overrideModes))
  prctl('keeping a capability', ambient, 2, overrideModes)
}
