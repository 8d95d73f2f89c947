/** Logs the error of a watcher, which is a bug of ours, and lets the other watchers run. */
export function alone(tell: () => void) {
  try {
    tell()
  } catch (error) {
    void Promise.reject(error)
  }
}
