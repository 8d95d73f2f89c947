import { newSpanId } from '#telemetry/span-ids.ts'
import { startSpan } from '#telemetry/spans.ts'
import { placeOf } from '#telemetry/traceparent.ts'
import { messageName } from '../present.ts'
import type { Message } from './claim.ts'
import type { Told } from './told.ts'

/** An attempt to deliver a message, as its thread tells it to the worker, which sends the span. */
export interface DeliveryRun {
  span_id: string
  /** Place of the task that the message is about. */
  parent: string
  from: number
  to: number
  message: string
  type: string
  webhook: string
  receiver: string
  number: number
  status: number | null
  error: string | null
}

/** The place of a delivery in the trace of its task, which its receiver goes on from; undefined where there is no trace. */
export function placeInTrace({ traceparent }: Message) {
  if (traceparent === null) return undefined
  const spanId = newSpanId()
  return { spanId, parent: traceparent, traceparent: placeOf(spanId, traceparent) }
}

export type PlaceInTrace = NonNullable<ReturnType<typeof placeInTrace>>

export function runOf(message: Message, place: PlaceInTrace, { at, ms, status, error }: Told): DeliveryRun {
  const from = Date.parse(at)
  return {
    ...{ span_id: place.spanId, parent: place.parent, from, to: from + ms, status, error },
    ...{ message: messageName(message.id), type: message.type, webhook: message.webhook_id, number: message.tries + 1 },
    receiver: new URL(message.url).host
  }
}

export function traceDelivery({ span_id: id, parent, from, to, error, ...run }: DeliveryRun) {
  const attributes = {
    'http.request.method': 'POST',
    'server.address': run.receiver,
    ...(run.status !== null && { 'http.response.status_code': run.status }),
    'messaging.message.id': run.message,
    'darkroom.webhook.id': run.webhook,
    'darkroom.attempt': run.number
  }
  const span = startSpan(`webhook ${run.type}`, { parent, kind: 'CLIENT', attributes, at: from, id })
  span?.end({ failed: error ?? undefined, at: to })
}
