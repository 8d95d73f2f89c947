import { types } from 'node:util'
import type { Database } from '#database/connect.ts'
import { type Context, GiveUp, type Kind, RetryLater, SoftTimeLimit, StoreOutage } from '#tasks/define.ts'
import { describeThrown } from '#tasks/thrown.ts'
import { underTrace } from '#telemetry/current.ts'
import type { Failure, StopReason, Success } from '../protocol.ts'

// Larger values would slow down every list of tasks; they belong in a file.
const largestResult = 1024 * 1024
const longestMessage = 10_000
const longestType = 200
const longestStack = 8 * 1024
const longestStackHead = 1_000
const largestDetail = 64 * 1024
// Seconds until a retry, at most; 10 years, as everywhere.
const longestDelay = 315_360_000

/** Runs a task's body and turns a return or a throw into a value; never throws. */
export async function runBody(
  kind: Kind,
  args: unknown,
  context: Context & { db?: Database }
): Promise<Success | Failure> {
  // Code that the body left running may report after its end, in a process that has the next attempt by then.
  let over = false
  const heard: Pick<Context, 'progress' | 'log'> = {
    progress(fraction, detail) {
      if (!over) context.progress(fraction, presentable(detail))
    },
    log(line) {
      if (!over) context.log(line)
    }
  }
  try {
    // Inline kinds never run where there is no database.
    const result = await underTrace(context.traceparent, () =>
      kind.run(args, { ...context, ...heard } as Context & { db: Database })
    )
    return { type: 'success', result: asJson(result) }
  } catch (error) {
    return failure(error)
  } finally {
    over = true
  }
}

function asJson(result: unknown) {
  // JSON would keep these as null or {}, and the contents of a Map or a Set would be lost.
  if (['function', 'symbol'].includes(typeof result) || types.isMap(result) || types.isSet(result)) {
    const what = typeof result === 'object' ? result!.constructor.name : typeof result
    throw new GiveUp(`The task returned a ${what}, which JSON does not know`, 'ResultNotJson')
  }
  const json = JSON.stringify(result) ?? 'null'
  if (Buffer.byteLength(json) > largestResult) {
    throw new GiveUp(
      'The result is larger than 1 MiB; write it to a file or a table and return where it is',
      'ResultTooLarge'
    )
  }
  // Postgres accepts neither NUL nor a lone surrogate.
  if (/\\u(0000|d[89a-f][0-9a-f]{2})/i.test(json) && !isStorable(JSON.parse(json))) {
    throw new GiveUp(
      'The result has a NUL or a broken surrogate pair in a text, which Postgres cannot keep',
      'ResultNotStorable'
    )
  }
  return json
}

/** The detail of a report as JSON. A detail that cannot be stored is left out and fails nothing. */
function presentable(detail: unknown) {
  try {
    const json = JSON.stringify(detail) ?? 'null'
    if (Buffer.byteLength(json) > largestDetail) return null
    const plain = JSON.parse(json)
    return isStorable(plain) ? plain : null
  } catch {
    return null
  }
}

function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0')
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, each]) => isStorable(key) && isStorable(each))
}

/** Abort reason of a body's signal. */
export function abortReason(reason: StopReason) {
  if (reason === 'soft_time_limit') return new SoftTimeLimit()
  return new DOMException(`The task is to stop: ${reason}`, 'AbortError')
}

/** A thrown value as a failure; never throws, whatever the value is. */
export function failure(thrown: unknown): Failure {
  const { type, message } = describeThrown(thrown)
  return {
    type: 'failure',
    error: { type: storable(type).slice(0, longestType), message: storable(message).slice(0, longestMessage) },
    stack: stackOf(thrown),
    ...wishes(thrown)
  }
}

/** Bounded, so that the useful part is kept: little of a long message, and the frames next to the error. */
function stackOf(thrown: unknown): string | undefined {
  try {
    if (!(thrown instanceof Error) || typeof thrown.stack !== 'string') return undefined
    const { stack } = thrown
    const frames = stack.indexOf('\n    at ')
    const head = frames < 0 ? stack : stack.slice(0, frames)
    const shortHead = head.length > longestStackHead ? `${head.slice(0, longestStackHead)}…` : head
    return storable(shortHead + stack.slice(head.length))
      .slice(0, longestStack)
      .toWellFormed()
  } catch {
    return undefined
  }
}

/** Whether a retry makes sense, and when. */
function wishes(thrown: unknown): Pick<Failure, 'retry' | 'retry_after' | 'outage'> {
  try {
    const retry_after = thrown instanceof RetryLater ? delayIn(thrown.seconds) : undefined
    return { retry: !(thrown instanceof GiveUp), retry_after, ...(thrown instanceof StoreOutage && { outage: true }) }
  } catch {
    return { retry: true, retry_after: undefined }
  }
}

/** Undefined, and so the usual delay, where the value is no number of seconds. */
function delayIn(seconds: unknown) {
  if (typeof seconds !== 'number' || Number.isNaN(seconds)) return undefined
  return Math.min(Math.max(seconds, 0), longestDelay)
}

function storable(text: string) {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}
