import type { FromChild } from '../protocol.ts'

// Progress reports in one burst, and a second after it: a tight loop would flood the pipe to the worker.
const mostReports = 20
const longestLine = 10_000

/** Sends a body's start, its log, and the latest of its progress reports. */
export function reporter(send: (message: FromChild) => void, at: number) {
  // Many bodies end at once: one message less for these saves a third of the worker's work.
  let starting: NodeJS.Immediate | undefined = setImmediate(started)
  let latest: (FromChild & { type: 'progress' }) | undefined
  let timer: NodeJS.Timeout | undefined
  let allowed = mostReports
  let countedAt = performance.now()

  function started() {
    if (!starting) return
    clearImmediate(starting)
    starting = undefined
    send({ type: 'started', at })
  }

  function sendLatest() {
    clearTimeout(timer)
    timer = undefined
    if (!latest) return
    allowed--
    send(latest)
    latest = undefined
  }

  function isAllowed() {
    const now = performance.now()
    allowed = Math.min(mostReports, allowed + ((now - countedAt) / 1000) * mostReports)
    countedAt = now
    return allowed >= 1
  }

  return {
    started,
    progress(fraction: number, detail: unknown) {
      started()
      latest = { type: 'progress', fraction, detail }
      if (isAllowed()) sendLatest()
      else timer ??= setTimeout(sendLatest, 1000 / mostReports)
    },
    log(line: string) {
      started()
      send({ type: 'log', line: String(line).slice(0, longestLine) })
    },
    /** Ends the reports. Answers whether the worker knows the start time. */
    finish(): boolean {
      sendLatest()
      if (starting) clearImmediate(starting)
      return !starting
    }
  }
}
