import { type Guard, Refused } from './guard.ts'

/** Where a request goes, as far as its URL says. */
export interface Target {
  url: URL
  /** What its connection leads to: the receiver, or a proxy. */
  origin: string
  path: string
}

// Milliseconds. What is refused by its URL alone depends on settings and on the addresses of this machine.
const longest = 1_000
const most = 1_000

/**
 * URLs as they were read and checked up to a second ago: for each request that took as long as its signature. Which
 * address a name leads to is another matter: that is checked for each connection.
 */
export function targetsOf(guard: Guard, proxy: URL | undefined) {
  const known = new Map<string, { target: Target; since: number }>()

  return (text: string): Target => {
    const now = performance.now()
    const last = known.get(text)
    if (last && now - last.since < longest) return last.target
    known.delete(text)
    if (guard.problemOf(text) !== undefined) throw new Refused()
    const target = targetOf(new URL(text), proxy)
    if (known.size >= most) known.clear()
    known.set(text, { target, since: now })
    return target
  }
}

/** By a proxy, `http:` is asked of it in one request; `https:` goes through a tunnel. */
function targetOf(url: URL, proxy: URL | undefined): Target {
  if (proxy && url.protocol === 'http:') return { url, origin: proxy.origin, path: url.href }
  return { url, origin: url.origin, path: `${url.pathname}${url.search}` }
}
