import type { Uploaded } from '#client/bodies.ts'
import { remark } from '../screen/print.ts'
import { progressBar } from '../screen/progress.ts'
import type { Service } from '../service/service.ts'
import { untilFinished } from '../task/until-finished.ts'
import { onInterrupt } from './interrupt.ts'

/** Shows how the prints are made; false after Ctrl-C, which they do not notice. */
export async function followPrints(service: Service, { id, task_id, filename }: Uploaded): Promise<boolean> {
  const bar = progressBar(filename)
  bar.set(null, 'waits for a worker')
  const left = Promise.withResolvers<boolean>()
  const interrupt = onInterrupt(() => left.resolve(false))
  const finished = untilFinished(service, task_id, {
    onChange: ({ progress, progress_detail: detail, status }) => bar.set(progress, phaseOf(detail) ?? status)
  })
  try {
    const isFinished = await Promise.race([finished.then(() => true), left.promise])
    if (isFinished) bar.clear()
    else {
      bar.end()
      remark(`The film is uploaded, and its prints are made all the same: darkroom video show ${id}`)
    }
    return isFinished
  } finally {
    interrupt.end()
  }
}

function phaseOf(detail: unknown) {
  const { phase } = (detail ?? {}) as { phase?: unknown }
  return typeof phase === 'string' ? phase : undefined
}
