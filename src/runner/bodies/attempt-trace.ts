import type { Claim } from '#tasks/attempts/claim.ts'
import type { Ending } from '#tasks/endings/ending.ts'
import type { ProgramRun } from '#telemetry/programs.ts'
import { isTracing, type Span, startSpan } from '#telemetry/spans.ts'
import { traceIdOf } from '#telemetry/traceparent.ts'

/** An attempt's part in the trace of its task. */
export interface AttemptTrace {
  /** For what its body does; undefined outside of a trace. */
  readonly traceparent: string | undefined
  /** Its body starts, in a child if there is a pid. */
  begins(pid?: number): void
  ran(run: ProgramRun): void
  ends(ending: Ending): void
}

/**
 * Spans for the wait in the queue, the attempt from its claim on, its body, and the programs that the body ran. The
 * worker makes all of them: a child tells it what it ran and loads nothing for that. Where its task has no trace, an
 * attempt begins one.
 */
export function traceAttempt(claim: Claim): AttemptTrace {
  const given = claim.traceparent ?? undefined
  if (!isTracing()) return { traceparent: given, begins() {}, ran() {}, ends() {} }
  const { id, task, queue, attempt, waited } = claim
  const claimedAt = Date.now()
  const attributes = {
    'messaging.system': 'darkroom',
    'messaging.destination.name': queue,
    'messaging.message.id': id,
    'darkroom.task.id': id,
    'darkroom.task.kind': task,
    'darkroom.attempt': attempt
  }
  const kind = 'CONSUMER'
  const own = startSpan(`attempt ${task}`, { parent: given, kind, attributes, at: claimedAt })
  if (waited !== null) {
    const parent = given ?? own?.traceparent
    startSpan(`wait ${queue}`, { parent, attributes, at: claimedAt - Math.max(0, waited) })?.end({ at: claimedAt })
  }
  let body: Span | undefined

  return {
    traceparent: own?.traceparent,
    begins(pid) {
      const where = pid === undefined ? 'inline' : 'child'
      const attributes = { 'darkroom.pool': where, ...(pid !== undefined && { 'process.pid': pid }) }
      body ??= startSpan(`run ${task}`, { parent: own?.traceparent, attributes, at: Date.now() })
    },
    ran: run => traceProgram(run, (body ?? own)?.traceparent),
    ends({ outcome, error, exit_code, signal }) {
      const failed = outcome === 'success' ? undefined : (error?.message ?? outcome)
      const at = Date.now()
      body?.end({ failed, at })
      const attributes = {
        'darkroom.outcome': outcome,
        ...(error && { 'error.type': error.type }),
        ...(typeof exit_code === 'number' && { 'process.exit.code': exit_code }),
        ...(signal && { 'darkroom.signal': signal })
      }
      own?.end({ failed, attributes, at })
    }
  }
}

/** Whether its end is a failure only its body knows: ffprobe may fail on a file that is no film. */
function traceProgram({ name, pid, from, to, exit_code, signal }: ProgramRun, parent: string | undefined) {
  const attributes = {
    'process.executable.name': name,
    ...(pid !== undefined && { 'process.pid': pid }),
    ...(exit_code !== undefined && { 'process.exit.code': exit_code }),
    ...(signal && { 'darkroom.signal': signal })
  }
  startSpan(name, { parent, attributes, at: from })?.end({ at: to })
}

/** What each log line about an attempt has: the request and the trace that it is part of. */
export function marksOf({ request_id }: Claim, { traceparent }: AttemptTrace) {
  return { request_id: request_id ?? undefined, trace_id: traceparent && traceIdOf(traceparent) }
}
