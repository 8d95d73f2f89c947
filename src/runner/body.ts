import type { Database } from '#database/connect.ts'
import { checkOf } from '#schema/check.ts'
import { type Context, GiveUp, type Kind, RetryLater } from '#tasks/define.ts'
import type { Failure, Finished } from './protocol.ts'

// What a row can carry without hurting everybody who lists tasks. Larger things belong into a file.
const largestResult = 1024 * 1024
const longestMessage = 10_000

/** Runs a task's body and makes a value of however it ends; it never throws. */
export async function runBody(kind: Kind, args: unknown, context: Context & { db?: Database }): Promise<Finished> {
  try {
    const problems = checkOf(kind.args)(args)
    if (problems.length > 0) {
      const list = problems.map(({ field, message }) => `${field || 'args'} ${message}`).join('; ')
      throw new GiveUp(`The arguments do not fit: ${list}`, 'InvalidArgs')
    }
    // An inline kind is never run where there is no database.
    const result = await kind.run(args, context as Context & { db: Database })
    return { type: 'success', result: asJson(result), peak_memory: peakMemory() }
  } catch (error) {
    return failure(error)
  }
}

function asJson(result: unknown) {
  const json = JSON.stringify(result) ?? 'null'
  if (Buffer.byteLength(json) > largestResult) {
    throw new GiveUp(
      'The result is larger than 1 MiB; write it to a file or a table and return where it is',
      'ResultTooLarge'
    )
  }
  // Postgres has no NUL in a text, and no half of a surrogate pair.
  if (/\\u(0000|d[89a-f][0-9a-f]{2})/i.test(json) && !isStorable(result)) {
    throw new GiveUp(
      'The result has a NUL or a broken surrogate pair in a text, which Postgres cannot keep',
      'ResultNotStorable'
    )
  }
  return json
}

function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0')
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, each]) => isStorable(key) && isStorable(each))
}

function failure(thrown: unknown): Failure {
  const { type, message, stack } = describe(thrown)
  return {
    type: 'failure',
    error: { type: storable(type), message: storable(message).slice(0, longestMessage) },
    stack,
    retry: !(thrown instanceof GiveUp),
    retry_after: thrown instanceof RetryLater ? thrown.seconds : undefined,
    peak_memory: peakMemory()
  }
}

/** People throw anything: what is no Error still gets a type and a sentence. */
function describe(thrown: unknown) {
  if (thrown instanceof GiveUp) return { type: thrown.type, message: thrown.message, stack: thrown.stack }
  if (thrown instanceof Error) {
    const type = thrown.name !== 'Error' ? thrown.name : thrown.constructor.name
    return { type, message: thrown.message || type, stack: thrown.stack }
  }
  return { type: 'NotAnError', message: `The task threw ${String(thrown)}`, stack: undefined }
}

function storable(text: string) {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}

function peakMemory() {
  return process.resourceUsage().maxRSS * 1024
}
