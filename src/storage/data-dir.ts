import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { makeHome } from '#database/embedded/cluster.ts'

const timeout = 10
// Creates a file, as a server that only answers `stat` from its cache would still hang at that.
const script = ': >"$0/.darkroom-probe" && rm -f "$0/.darkroom-probe"'

/** Makes DATA_DIR for this account alone, and refuses a folder that does not answer, such as a dead network drive. */
export async function checkDataDir(dataDir: string, log: Logger) {
  if (!(await answers(dataDir))) {
    throw new Error(
      `DATA_DIR ${dataDir} does not answer within ${timeout} s: check its disk or network drive, or set another folder`
    )
  }
  // An impossible path is reported by the first writer.
  await makeHome(dataDir).catch(() => {})
  const mode = (await stat(dataDir).catch(() => undefined))?.mode ?? 0
  if (mode & 0o006) {
    log.warn(`DATA_DIR ${dataDir} is open to other accounts of this machine: chmod o-rwx it, if no program needs that`)
  }
}

/** Another process asks: a call that hangs would keep a thread of ours, and Node.js waits for its threads at exit. */
async function answers(dataDir: string) {
  const probe = spawn('sh', ['-c', script, dataDir], { stdio: 'ignore', detached: true })
  probe.unref()
  const over = new AbortController()
  try {
    const ended = once(probe, 'exit').catch(() => {})
    return await Promise.race([ended.then(() => true), delay(timeout * 1000, false, { signal: over.signal })])
  } finally {
    over.abort()
    probe.kill('SIGKILL')
  }
}
