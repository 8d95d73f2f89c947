import { setTimeout as delay } from 'node:timers/promises'
import { exactCount as count } from '#dashboard/words/number.ts'
import { remark, show } from '../screen/print.ts'
import { progressBar } from '../screen/progress.ts'
import type { BulkOperation } from '../service/bodies.ts'
import type { Service } from '../service/service.ts'
import { onInterrupt } from '../video/interrupt.ts'
import { endText, isOver } from './describe.ts'

// Milliseconds between two looks.
const pace = 250

/**
 * Shows an operation until its end. Ctrl-C ends the looking alone: an operation that a worker has begun goes on, as an
 * upload's prints do, and the line says how to stop it.
 */
export async function follow(service: Service, { id }: { id: string }, { json }: { json?: boolean | undefined }) {
  const path = `api/bulk-operations/${id}`
  const left = new AbortController()
  const interrupt = onInterrupt(() => left.abort())
  let operation = await service.patient<BulkOperation>('GET', path)
  const bar = progressBar(`bulk ${operation.action}`)
  try {
    while (!isOver(operation) && !left.signal.aborted) {
      const words = operation.status === 'waiting' ? 'waits for a worker' : `${count(operation.done)} done`
      bar.set(operation.status === 'waiting' ? null : operation.progress, words)
      await delay(pace, undefined, { signal: left.signal }).catch(() => {})
      operation = await service.patient<BulkOperation>('GET', path)
    }
  } finally {
    interrupt.end()
    if (left.signal.aborted) bar.end()
    else bar.clear()
  }
  if (!isOver(operation)) {
    remark(
      `It goes on; ${count(operation.done)} of ${count(operation.expected)} are done. ` +
        `Stop it: darkroom bulk abort ${id}; then take it back: darkroom bulk undo ${id}`
    )
    return 130
  }
  show(operation, { json, text: () => endText(operation) })
  return operation.status === 'completed' ? 0 : 1
}
