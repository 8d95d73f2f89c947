import { bucketCount, bucketOf } from './buckets.ts'

/** What workers count; creations and cancellations are noted by the database. */
export type Counted = 'started' | 'succeeded' | 'failed' | 'retried'

/** Kind and queue of a task. */
export interface Lane {
  task: string
  queue: string
}

/** What happened in a lane during a minute since the last write; a row to add to darkroom.minutes. */
export interface Cell extends Lane, Record<Counted, number> {
  minute: Date
  wait_hist: number[]
  run_hist: number[]
}

// Cells in memory while the database is away: an hour of 80 busy lanes, about 2 MB.
const mostCells = 5_000

/** Deltas in memory, bounded: beyond the limit a new cell is dropped, and known ones still count. */
export function openCells(most = mostCells) {
  let cells = new Map<string, Cell>()
  let dropped = 0

  function cellOf(minute: number, { task, queue }: Lane): Cell | undefined {
    const key = `${minute}\0${task}\0${queue}`
    const known = cells.get(key)
    if (known) return known
    if (cells.size >= most) {
      dropped++
      return undefined
    }
    const cell: Cell = {
      ...{ minute: new Date(minute), task, queue, started: 0, succeeded: 0, failed: 0, retried: 0 },
      ...{ wait_hist: [], run_hist: [] }
    }
    cells.set(key, cell)
    return cell
  }

  return {
    count(minute: number, lane: Lane, what: Counted) {
      const cell = cellOf(minute, lane)
      if (cell) cell[what]++
    },
    /** Adds a duration to a histogram. */
    time(minute: number, lane: Lane, what: 'wait_hist' | 'run_hist', milliseconds: number) {
      const cell = cellOf(minute, lane)
      if (!cell) return
      if (cell[what].length === 0) cell[what] = new Array(bucketCount).fill(0)
      cell[what][bucketOf(milliseconds)]!++
    },
    /** Everything since the last call. */
    take(): Cell[] {
      const taken = [...cells.values()]
      cells = new Map()
      return taken
    },
    /** Adds cells that could not be written. */
    putBack(taken: Cell[]) {
      for (const cell of taken) {
        const now = cellOf(cell.minute.getTime(), cell)
        if (now) add(now, cell)
      }
    },
    /** Number of counts that found no place since the last call. */
    takeDropped() {
      const count = dropped
      dropped = 0
      return count
    },
    get size() {
      return cells.size
    }
  }
}

function add(to: Cell, from: Cell) {
  for (const what of ['started', 'succeeded', 'failed', 'retried'] as const) to[what] += from[what]
  for (const what of ['wait_hist', 'run_hist'] as const) {
    const hist = from[what]
    to[what] = hist.length === 0 ? to[what] : hist.map((count, bucket) => count + (to[what][bucket] ?? 0))
  }
}
