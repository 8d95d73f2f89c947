import { overrideModes } from '../own-user.ts'
import { prctl, setCapabilities } from './system.ts'

const keepCapabilities = 8
const dropFromBounds = 24
const ambient = 47
const lastCapability = 63

/**
 * Becomes a user that no other process has, with one of root's rights left: to pass over the modes of files, so that
 * films and folders stay root's. Landlock says which files; without it this right is not given.
 */
export function becomeUser(id: number) {
  for (let each = 0; each <= lastCapability; each++) {
    if (each === overrideModes) continue
    try {
      prctl('dropping a capability', dropFromBounds, each)
    } catch {
      // The kernel knows no more.
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
