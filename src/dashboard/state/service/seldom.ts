/** At most one `act` in so many milliseconds. Requests that come meanwhile share one at the end of that time. */
export function seldom(act: () => void, milliseconds: number): () => void {
  let last = Number.NEGATIVE_INFINITY
  let timer: ReturnType<typeof setTimeout> | undefined
  return () => {
    if (timer !== undefined) return
    const rest = Math.max(0, last + milliseconds - Date.now())
    timer = setTimeout(() => {
      timer = undefined
      last = Date.now()
      act()
    }, rest)
  }
}
