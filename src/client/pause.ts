/** Waits so many seconds; rejects as soon as the signal aborts. */
export function pause(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const timer = setTimeout(done, seconds * 1000)
    signal?.addEventListener('abort', stop)
    function done() {
      signal?.removeEventListener('abort', stop)
      resolve()
    }
    function stop() {
      clearTimeout(timer)
      reject(signal?.reason)
    }
  })
}

/** Doubles with each failure up to 8 s, and is up to a quarter shorter: clients that failed together spread out. */
export function backoff(failures: number) {
  return Math.min(8, 0.25 * 2 ** failures) * (0.75 + Math.random() / 4)
}
