/** What a page shows, for `/ws/live`. */
export interface Interest {
  ids: readonly string[]
  topics: readonly string[]
  /** The filters of a list, as a query string. */
  search: string | undefined
}

// Bytes, and ids: a longer message ends the socket.
export const longest = 4 * 1024
const mostIds = 200
/** The API's filters are texts but for these. */
const numbers = new Set(['attempts_min', 'ran_min', 'waited_min'])

/** The message about it. Where it would be too long, ids at the end are left out, and a filter that leaves no room. */
export function interestText({ ids, topics, search }: Interest): string {
  const unique = [...new Set(ids)].slice(0, mostIds)
  const write = (count: number, filter: unknown) => JSON.stringify({ ids: unique.slice(0, count), topics, filter })
  const wanted = search === undefined ? undefined : filterOf(search)
  const filter = bytesOf(write(0, wanted)) <= longest ? wanted : undefined
  let count = unique.length
  while (count > 0 && bytesOf(write(count, filter)) > longest) count--
  return write(count, filter)
}

function filterOf(search: string) {
  const entries = [...new URLSearchParams(search)].filter(([name]) => name !== 'order')
  return Object.fromEntries(entries.map(([name, value]) => [name, numbers.has(name) ? Number(value) : value]))
}

function bytesOf(text: string) {
  return new TextEncoder().encode(text).length
}
