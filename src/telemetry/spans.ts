import {
  type Attributes,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TraceFlags,
  type Tracer,
  trace
} from '@opentelemetry/api'
import { currentTrace } from './current.ts'
import { giveSpanId } from './span-ids.ts'

let tracer: Tracer | undefined

/** Undefined: no spans. */
export function setTracer(given: Tracer | undefined) {
  tracer = given
}

/** Whether spans are sent. Without that all else of a trace works: a client's `traceparent` goes from part to part. */
export function isTracing() {
  return tracer !== undefined
}

export interface Span {
  /** For what happens in it. */
  readonly traceparent: string
  end(how?: { failed?: string | undefined; attributes?: Attributes; at?: number }): void
}

interface SpanOptions {
  /** Undefined: it begins a trace. */
  parent?: string | null | undefined
  kind?: keyof typeof SpanKind
  attributes?: Attributes
  /** Milliseconds since 1970; now, if not given. */
  at?: number
  /** Where others know it already by a header. */
  id?: string
}

/** Undefined where no spans are sent. */
export function startSpan(
  name: string,
  { parent, kind = 'INTERNAL', attributes, at, id }: SpanOptions
): Span | undefined {
  if (!tracer) return undefined
  const options = {
    kind: SpanKind[kind],
    ...(attributes && { attributes }),
    ...(at !== undefined && { startTime: at })
  }
  giveSpanId(id)
  const span = tracer.startSpan(name, options, parent ? contextOf(parent) : ROOT_CONTEXT)
  const { traceId, spanId, traceFlags } = span.spanContext()
  return {
    traceparent: written(traceId, spanId, traceFlags),
    end({ failed, attributes, at } = {}) {
      if (attributes) span.setAttributes(attributes)
      if (failed !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failed })
      span.end(at)
    }
  }
}

/** What a program that submits tasks is in: a span of its own SDK, else the body that it is. */
export function activeTrace(): string | undefined {
  const context = trace.getActiveSpan()?.spanContext()
  return context ? written(context.traceId, context.spanId, context.traceFlags) : currentTrace()
}

function contextOf(traceparent: string) {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-')
  const traceFlags: TraceFlags = Number.parseInt(flags, 16)
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
}

function written(traceId: string, spanId: string, flags: TraceFlags) {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`
}
