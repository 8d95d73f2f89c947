import { signal } from '@preact/signals'
import { ApiError, request } from '../service/api.ts'
import { refreshAll } from '../service/query.ts'

/** The same act on many tasks, one request each, while one walks about. */
export interface Batch {
  key: number
  /** "Retry", "Cancel". */
  verb: string
  all: number
  done: number
  refused: number
  /** What the API said to the first that was refused. */
  said: string | undefined
  over: boolean
  stop(): void
}

/** Tasks that a page acts on: the API has no act on many. */
export const mostOfBatch = 200
// Requests at a time.
const lanes = 4
let keys = 0

export const batches = signal<readonly Batch[]>([])

export async function actOnEach(verb: string, paths: readonly string[]) {
  const key = ++keys
  const waiting = paths.slice(0, mostOfBatch)
  const batch: Batch = {
    ...{ key, verb, all: waiting.length, done: 0, refused: 0, said: undefined, over: false },
    stop: () => waiting.splice(0)
  }
  batches.value = [...batches.peek(), batch]
  const change = (part: (batch: Batch) => Partial<Batch>) => {
    batches.value = batches.peek().map(each => (each.key === key ? { ...each, ...part(each) } : each))
  }
  const lane = async () => {
    for (let path = waiting.shift(); path; path = waiting.shift()) {
      const said = await refusalOf(path)
      if (said === undefined) change(({ done }) => ({ done: done + 1 }))
      else change(batch => ({ refused: batch.refused + 1, said: batch.said ?? said }))
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  change(() => ({ over: true }))
  void refreshAll()
}

/** A task may have moved on since it was selected: the others are still acted on. */
async function refusalOf(path: string) {
  try {
    await request('POST', path)
    return undefined
  } catch (error) {
    return error instanceof ApiError ? `${error.message} (${error.code})` : String(error)
  }
}

export function tidyBatches() {
  batches.value = batches.peek().filter(({ over }) => !over)
}

addEventListener('beforeunload', event => {
  if (batches.peek().some(({ over }) => !over)) event.preventDefault()
})
