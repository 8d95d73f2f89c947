import { realpath, stat } from 'node:fs/promises'
import path from 'node:path'

const writableByAll = 0o002
const writableByGroup = 0o020
const sticky = 0o1000

/**
 * By which account a program could be replaced, other than root, ours, and the one that owns our code and so could
 * replace that; undefined where there is none.
 */
export async function replaceableBy(program: string): Promise<string | undefined> {
  const file = await realpath(program)
  const code = await stat(import.meta.filename)
  const owners = [0, process.getuid?.(), code.uid]
  const groups = [0, process.getgid?.(), code.gid]

  for (const place of [file, path.dirname(file)]) {
    const { uid, gid, mode } = await stat(place)
    if (!owners.includes(uid)) return `the account ${uid}, which owns ${place}`
    // In such a folder only the owner of a file may replace it.
    if (place !== file && mode & sticky) continue
    if (mode & writableByAll) return `every account, as all may write ${place}`
    if (mode & writableByGroup && !groups.includes(gid)) return `the group ${gid}, which may write ${place}`
  }
  return undefined
}
