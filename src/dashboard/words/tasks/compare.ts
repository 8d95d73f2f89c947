/** A value at some path of two JSON documents. */
export interface Pair {
  /** "customer", "items[3].price"; empty: the document itself. */
  path: string
  /** JSON, or undefined where there is none. */
  mine: string | undefined
  other: string | undefined
  differs: boolean
}

export interface Comparison {
  pairs: Pair[]
  /** There are more values than were compared. */
  more: boolean
}

// Values that are compared: a table of more takes long to lay out and longer to read.
const most = 300

/** Value by value, in the order of the first; what only the second has comes at the end. */
export function compareJson(mine: unknown, other: unknown): Comparison {
  const left = leavesOf(mine)
  const right = leavesOf(other)
  const paths = [...new Set([...left.keys(), ...right.keys()])]
  const pairs = paths.slice(0, most).map(path => pairOf(path, left.get(path), right.get(path)))
  return { pairs, more: paths.length > most || left.size > most || right.size > most }
}

export function pairOf(path: string, mine: string | undefined, other: string | undefined): Pair {
  return { path, mine, other, differs: mine !== other }
}

/** Values that are no objects and no arrays, or empty ones, by their paths; one more than are compared. */
function leavesOf(document: unknown): Map<string, string> {
  const leaves = new Map<string, string>()
  const walk = (value: unknown, path: string) => {
    if (leaves.size > most) return
    const parts = partsOf(value)
    if (parts.length === 0) leaves.set(path, JSON.stringify(value) ?? 'undefined')
    for (const [name, part] of parts) walk(part, pathTo(path, name))
  }
  if (document !== null && document !== undefined) walk(document, '')
  return leaves
}

function partsOf(value: unknown): [string | number, unknown][] {
  if (Array.isArray(value)) return value.map((part, at) => [at, part])
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

function pathTo(path: string, name: string | number) {
  if (typeof name === 'number') return `${path}[${name}]`
  if (!/^[\w$-]+$/.test(name)) return `${path}[${JSON.stringify(name)}]`
  return path === '' ? name : `${path}.${name}`
}

/** "about the same", "3.2 × longer", "12 × shorter"; undefined where one has no length. */
export function lengthText(mine: number | undefined, other: number | undefined): string | undefined {
  if (!mine || !other) return undefined
  const [ratio, word] = mine >= other ? [mine / other, 'longer'] : [other / mine, 'shorter']
  return ratio < 1.2 ? 'about the same' : `${ratio < 9.95 ? ratio.toFixed(1) : Math.round(ratio)} × ${word}`
}
