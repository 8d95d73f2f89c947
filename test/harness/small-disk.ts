import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'

/** A disk of a few MiB, which fills up soon. Only root may mount one, and not in every container. */
export async function mountSmallDisk(t: Test, mebibytes: number): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    await rm(folder, { recursive: true })
    return undefined
  }
  t.teardown(async () => {
    execFileSync('umount', ['--lazy', folder])
    await rm(folder, { recursive: true })
  })
  return folder
}

export const withoutSmallDisk = 'only root can mount a small disk'
