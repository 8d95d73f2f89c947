import type { TaskBody } from '#tasks/schemas.ts'

export interface Details {
  code: string
  /** Of the answer; absent where there was none. */
  status?: number
  /** What is wrong with each field of a request that does not fit. */
  errors?: { field: string; message: string }[]
  retryAfter?: number
  cause?: unknown
}

/**
 * What the server refuses, under the server's code. `NETWORK`: there was no answer, `TIMEOUT`: what was waited for did
 * not come in time, `HTTP`: somebody else answered.
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

/** The task that was waited for has failed or was revoked; `type` says how, as `error.type` of the task does. */
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

/** The error that an answer is, whoever gave it. */
export function errorOf(status: number, text: string, retryAfter?: string | null) {
  const { code, detail, errors } = problemIn(text)
  const seconds = Number(retryAfter ?? undefined)
  return new DarkroomError(detail ?? `The server answered ${status}`, {
    code: code ?? 'HTTP',
    status,
    errors,
    retryAfter: Number.isFinite(seconds) ? seconds : undefined
  })
}

function problemIn(text: string): { code?: string; detail?: string; errors?: Details['errors'] } {
  try {
    const problem = JSON.parse(text)
    return typeof problem?.detail === 'string' ? problem : {}
  } catch {
    return {}
  }
}
