import { statfs } from 'node:fs/promises'
import type { Problem } from '../problem.ts'

const GiB = 1024 ** 3

export interface DiskSpace {
  free: number
  total: number
}

export async function spaceOf(folder: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(folder)
  return { free: bavail * bsize, total: blocks * bsize }
}

/** Films need their own size and that of their prints; below a GiB the next one may not fit. */
export function isLow({ free, total }: DiskSpace) {
  if (free < GiB) return 'critical'
  return free < 10 * GiB && free < total / 10 ? 'warning' : undefined
}

export async function diskProblems(folder: string): Promise<Problem[]> {
  const subject = { type: 'disk', id: folder }
  try {
    const space = await spaceOf(folder)
    const severity = isLow(space)
    if (!severity) return []
    const sentence = `The disk of DATA_DIR has ${(space.free / GiB).toFixed(1)} GiB free of ${(space.total / GiB).toFixed(0)}: uploads will be refused when it is full; remove films, set ORIGINAL_EXPIRES, or add space`
    return [{ code: 'disk_low', sentence, since: null, severity, subject, actions: [] }]
  } catch (error) {
    const sentence = `DATA_DIR cannot be read (${(error as NodeJS.ErrnoException).code}): films can neither be stored nor served until it is there again`
    return [{ code: 'disk_away', sentence, since: null, severity: 'critical', subject, actions: [] }]
  }
}
