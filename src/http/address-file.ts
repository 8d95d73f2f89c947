import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'

/** `DATA_DIR/address.json`: where the API on this folder listens, for commands that are its clients. */

const nameOf = (dataDir: string) => path.join(dataDir, 'address.json')

interface Address {
  url: string
  host: string
  pid: number
}

/** Answers what removes it again. A hint: a folder that refuses it stops no start. */
export async function writeAddress(dataDir: string, url: string): Promise<() => Promise<void>> {
  const file = nameOf(dataDir)
  const address: Address = { url, host: hostname(), pid: process.pid }
  await writeFile(file, `${JSON.stringify(address)}\n`, { mode: 0o600 }).catch(() => {})
  // That of another API on the same folder stays.
  return async () => void (read(file)?.pid === process.pid && (await rm(file, { force: true })))
}

/** Undefined where no process of this machine has written it, or it is gone without removing it. */
export function readAddress(dataDir: string): string | undefined {
  const found = read(nameOf(dataDir))
  return found && found.host === hostname() && isRunning(found.pid) ? found.url : undefined
}

function read(file: string): Address | undefined {
  try {
    const { url, host, pid } = JSON.parse(readFileSync(file, 'utf8'))
    return URL.canParse(url) && typeof pid === 'number' ? { url, host, pid } : undefined
  } catch {
    return undefined
  }
}

function isRunning(pid: number) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // The process of another account.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
