import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import { findMediaTools } from '../../src/media/binaries.ts'
import { askLauncher } from '../../src/media/lock/ask-launcher.ts'
import { lockWith } from '../../src/media/lock/lock.ts'
import { canHaveOwnUser, effectiveCapabilities } from '../../src/media/lock/own-user.ts'
import { proveLock } from '../../src/media/lock/prove.ts'
import type { Way } from '../../src/media/lock/ways.ts'

const found = await askLauncher()

/** Why tests of the launcher cannot run on this machine; false where they can. */
export const withoutLauncher: string | false = found.failure
  ? `the launcher does not work here: ${found.failure}`
  : found.landlock === 0 && 'this kernel has no Landlock, or does not enable it'

/** The ways in which the launcher works on this machine. */
export const launcherWays: Way[] = canHaveOwnUser(effectiveCapabilities())
  ? ['launcher', 'launcher with a user of its own']
  : ['launcher']

/** Media programs of this test run as a worker on this machine runs them. */
export async function lockAsWorkersDo(t: Pick<Test, 'teardown'>) {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-lock-'))
  try {
    lockWith((await proveLock(await findMediaTools(), folder)).way)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  t.teardown(() => lockWith(undefined))
}
