import type { FromChild } from './protocol.ts'

// Reports of progress in a second, after so many at once: a tight loop would flood the pipe to the worker.
const mostReports = 20
const longestLine = 10_000

/** What a child sends while a body runs: that it has started, its log, and of its progress the latest. */
export function reporter(send: (message: FromChild) => void, at: number) {
  // Many bodies end at once: for them one message less, which is a third of what the worker has to do.
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
    /** The body is over. Answers whether the worker knows when it started. */
    finish(): boolean {
      sendLatest()
      if (starting) clearImmediate(starting)
      return !starting
    }
  }
}
