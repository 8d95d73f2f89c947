import type { TaskBody } from './bodies.ts'

export interface Details {
  code: string
  /** HTTP status; absent without an answer. */
  status?: number
  /** Each field of a request that does not fit. */
  errors?: { field: string; message: string }[]
  /** Seconds to wait before a retry, as the server says. */
  retryAfter?: number
  cause?: unknown
}

/**
 * An error of the server, with its code; or one of the client: `NETWORK` (no answer), `TIMEOUT` (the task did not end
 * in time), `HTTP` (an error without a code, as proxies send it).
 */
export class DarkroomError extends Error {
  override name = 'DarkroomError'
  readonly code: string
  readonly status: number | undefined
  readonly errors: { field: string; message: string }[]
  readonly retryAfter: number | undefined

  constructor(message: string, { code, status, errors = [], retryAfter, cause }: Details) {
    super(message, { cause })
    this.code = code
    this.status = status
    this.errors = errors
    this.retryAfter = retryAfter
  }
}

/** `wait` ended with a task that failed or was revoked; `type` is its `error.type`. */
export class TaskFailed extends DarkroomError {
  override name = 'TaskFailed'
  readonly type: string
  readonly task: TaskBody

  constructor(task: TaskBody) {
    super(task.error?.message ?? `The task is ${task.status}`, { code: 'TASK_FAILED' })
    this.type = task.error?.type ?? task.state
    this.task = task
  }
}

/** The error in an answer of the server, or of a proxy before it. */
export function errorOf(status: number, text: string, retryAfter?: string | null) {
  const { code, detail, errors } = problemIn(text)
  return new DarkroomError(detail ?? `The server answered ${status}`, {
    code: code ?? 'HTTP',
    status,
    errors,
    retryAfter: secondsOf(retryAfter)
  })
}

/** `Retry-After` is seconds, or a date, as some proxies send it. */
function secondsOf(text: string | null | undefined) {
  if (text === null || text === undefined || text.trim() === '') return undefined
  const seconds = Number.isNaN(Number(text)) ? (Date.parse(text) - Date.now()) / 1000 : Number(text)
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined
}

function problemIn(text: string): { code?: string; detail?: string; errors?: Details['errors'] } {
  try {
    const problem = JSON.parse(text)
    return typeof problem?.detail === 'string' ? problem : {}
  } catch {
    return {}
  }
}
