import { isTracing, type Span, startSpan } from '#telemetry/spans.ts'
import type { NewTask } from './new-task.ts'

/**
 * Writes tasks in a span, which the tasks then continue: one for each trace among them, as tasks of several requests
 * share a statement. A task outside of a trace begins one.
 */
export async function traced<Out>(tasks: NewTask[], write: () => Promise<Out>): Promise<Out> {
  if (!isTracing()) return write()
  const spans = begin(tasks)
  let failed: string | undefined
  try {
    return await write()
  } catch (error) {
    failed = (error as Error).message
    throw error
  } finally {
    for (const span of spans) span?.end({ failed })
  }
}

function begin(tasks: NewTask[]): (Span | undefined)[] {
  const traces = Map.groupBy(tasks, ({ id, traceparent }) => traceparent ?? id)
  return [...traces.values()].map(mine => {
    const [first] = mine as [NewTask]
    const same = mine.every(({ task }) => task === first.task)
    const span = startSpan(same ? `enqueue ${first.task}` : 'enqueue', {
      parent: first.traceparent,
      kind: 'PRODUCER',
      attributes: {
        'messaging.system': 'darkroom',
        'messaging.operation.type': 'send',
        'messaging.destination.name': first.queue,
        ...(mine.length === 1
          ? { 'messaging.message.id': first.id, 'darkroom.task.id': first.id }
          : { 'messaging.batch.message_count': mine.length })
      }
    })
    if (span) for (const task of mine) task.traceparent = span.traceparent
    return span
  })
}
