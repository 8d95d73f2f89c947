import { isIPv6 } from 'node:net'

// Wrong keys of an address in a minute.
const most = 20
const minute = 60_000
const mostAddresses = 10_000

/**
 * Counts wrong keys by address. Never by the id of a key: otherwise a stranger could lock its owner out.
 */
export function failures() {
  let counts = new Map<string, number>()
  let since = performance.now()

  function turn() {
    const now = performance.now()
    if (now - since < minute && counts.size < mostAddresses) return
    counts = new Map()
    since = now
  }

  return {
    /** Whether that was one too many. */
    add(address: string): boolean {
      turn()
      const place = placeOf(address)
      const count = (counts.get(place) ?? 0) + 1
      counts.set(place, count)
      return count > most
    },
    /** Seconds until the next minute begins. */
    left: () => Math.ceil((since + minute - performance.now()) / 1000)
  }
}

/** A client has a /64 of IPv6 to itself. */
function placeOf(address: string) {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address
  const [head = '', tail] = address.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail ? tail.split(':') : []
  const groups = [...front, ...Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0'), ...back]
  return groups.slice(0, 4).join(':')
}
