import { STATUS_CODES } from 'node:http'
import { type TSchema, Type } from 'typebox'
import * as errors from '#errors.ts'
import { Problem } from './common.ts'

export interface Coded {
  code: string
  statusCode?: number
  message: string
  errors?: { field: string; message: string }[]
}

type Failure = (typeof errors)[keyof typeof errors]

/** RFC 9457, with the code that programs branch on. */
export function problemOf({ code, statusCode = 500, message, errors }: Coded): Problem {
  return {
    type: 'about:blank',
    title: titleOf(statusCode),
    status: statusCode,
    code,
    detail: message,
    ...(errors && { errors })
  }
}

function titleOf(status: number) {
  // Of the protocol tus; Node does not know it.
  return status === 460 ? 'Checksum Mismatch' : (STATUS_CODES[status] ?? 'Error')
}

// Any request may get these, from hooks and from the error handler.
const anywhere = [
  errors.InvalidRequest,
  errors.HostNotAllowed,
  errors.RequestTimeout,
  errors.HeadersTooLarge,
  errors.Internal
]
/** Routes that need a key. */
export const keyed = [
  errors.KeyInUrl,
  errors.ProxyNotTrusted,
  errors.Unauthorized,
  errors.OpenToThisMachine,
  errors.ScopeMissing,
  errors.LimitExceeded,
  errors.RateLimited,
  errors.TooManyFailures
]
// Routes that read or change data.
const data = [...anywhere, errors.CrossSite, errors.DatabaseUnavailable, errors.Stopping]
const guarded = [...data, ...keyed]
// Fastify parses a body also where the route declares none.
const withBody = [errors.InvalidJson, errors.BodyTooLarge, errors.UnsupportedMediaType, errors.UnsupportedEncoding]

/** The response entries of a route that does not use the database. */
export const problems = (...own: Failure[]) => entries([...anywhere, ...own])

/** The response entries of a route that reads from the database. */
export const readProblems = (...own: Failure[]) => entries([...guarded, errors.TooSlow, ...own])

const writing = [errors.DatabaseLocked, errors.StorageFull, errors.Overloaded, ...withBody]

/** The response entries of a route that uses the database and may get a body. */
export const writeProblems = (...own: Failure[]) => entries([...guarded, ...writing, ...own])

/** The same for routes that need no key. */
export const publicReadProblems = (...own: Failure[]) => entries([...data, errors.TooSlow, ...own])
export const publicWriteProblems = (...own: Failure[]) => entries([...data, ...writing, ...own])

/** The response entries of a route that may get a body and does not use the database. */
export const bodyProblems = (...own: Failure[]) =>
  entries([...anywhere, ...keyed, errors.CrossSite, ...withBody, ...own])

/** The response entries of a route that takes a form. */
export const formProblems = (...own: Failure[]) => entries([...guarded, ...own])

/**
 * Handlers throw these errors and never return them, so the compiler sees a single entry that no handler uses.
 */
function entries(failures: Failure[]) {
  const byStatus = Map.groupBy([...new Set(failures)].map(exampleOf), ({ statusCode }) => statusCode!)
  return Object.fromEntries([...byStatus].map(([status, some]) => [status, entry(status, some)])) as unknown as {
    '4xx': typeof Problem
  }
}

function entry(status: number, failures: Coded[]) {
  const codes = failures.map(({ code }) => code)
  return {
    description: codes.map(code => `\`${code}\``).join(' or '),
    ...([503, 429, 423].includes(status) && {
      headers: { 'Retry-After': Type.Integer({ description: 'Seconds after which to try again' }) }
    }),
    ...(failures.some(({ code }) => code === 'UPLOAD_OFFSET') && {
      headers: { 'Upload-Offset': Type.Integer({ description: 'Where the upload is' }) }
    }),
    ...(status === 416 && {
      headers: { 'Content-Range': Type.String({ description: 'Size of the file, as `bytes */<size>`' }) }
    }),
    content: {
      'application/problem+json': {
        schema: {
          allOf: [Problem, { type: 'object', properties: { status: { const: status }, code: { enum: codes } } }]
        } as TSchema,
        examples: Object.fromEntries(failures.map(failure => [failure.code, { value: problemOf(failure) }]))
      }
    }
  }
}

const anId = '01980000-0000-7000-8000-000000000000'
const filledIn: Record<string, string[]> = {
  INVALID_REQUEST: ['priority must be <= 9'],
  HOST_NOT_ALLOWED: ['evil.example'],
  CROSS_SITE: ['of another site'],
  SCOPE_MISSING: ['operate'],
  OPEN_TO_THIS_MACHINE: ['203.0.113.9'],
  LIMIT_EXCEEDED: ['kinds', 'it may not use the kind "sleep"'],
  RATE_LIMITED: ['100'],
  KEY_NOT_FOUND: ['8wK2vQz1Lp'],
  KEY_ENDED: ['revoked'],
  SESSION_NOT_FOUND: ['3fR7tYb2Kd'],
  SILENCE_NOT_FOUND: [anId],
  PROXY_NOT_TRUSTED: ['Remote-User'],
  TOO_MANY_OPEN: ['50', 'WebSockets'],
  METHOD_NOT_ALLOWED: ['POST', 'GET, HEAD, PATCH, DELETE, OPTIONS'],
  INVALID_JSON: ['Unexpected end of JSON input'],
  ROUTE_NOT_FOUND: ['GET', '/nowhere'],
  UNSUPPORTED_ENCODING: ['gzip'],
  UNKNOWN_TASK: ['send_mail'],
  KIND_INTERNAL: ['sweep'],
  UNKNOWN_QUEUE: ['nowhere'],
  QUEUE_NOT_FOUND: ['nowhere'],
  TASK_FINISHED: ['SUCCESS'],
  TASK_NOT_FINISHED: ['STARTED'],
  TASK_NOT_RETRYABLE: ['SUCCESS'],
  TASK_NOT_WAITING: ['STARTED'],
  IDEMPOTENCY_KEY_REUSED: ['order-17'],
  UPLOAD_OVERLONG: ['1048576'],
  UPLOAD_NO_FILM: ['a ZIP archive or an Office document'],
  UPLOAD_NOT_FOUND: [anId],
  UPLOAD_EXPIRED: [anId],
  UPLOAD_OFFSET: ['8388608', '0'],
  UPLOAD_FINISHED: [anId],
  UPLOAD_BROKEN: ['Unexpected end of form'],
  UPLOAD_TOO_LARGE: ['10737418240'],
  BODY_TOO_LARGE: ['1048576'],
  FILE_NOT_FOUND: ['2160p.mp4'],
  WORKER_GONE: ['stopped'],
  BULK_NOT_FOUND: [anId],
  BULK_FINISHED: ['completed'],
  BULK_NOT_UNDOABLE: ['its tasks are gone'],
  PREVIEW_REFUSED: ['The preview is more than ten minutes old'],
  TASK_NOT_FOUND: [anId],
  ERROR_NOT_FOUND: ['d41d8cd98f00b204e9800998ecf8427e'],
  VIDEO_NOT_FOUND: [anId],
  VIDEO_BUSY: [anId],
  ORIGINAL_GONE: [anId],
  WEBHOOK_NOT_FOUND: [anId],
  WORKER_NOT_FOUND: [anId],
  SIGNING_KEY_NOT_FOUND: ['pMbBwz2RkV'],
  SCHEDULE_NOT_FOUND: ['nightly report'],
  SCHEDULE_NAME_TAKEN: ['nightly report'],
  SYSTEM_SCHEDULE: ['expire_results', 'it cannot be deleted; disable it instead'],
  INTERNAL: [anId]
}

const examples = new Map<Failure, Coded>()

/** An error knows the stack that it was made on, which costs: the routes share the examples. */
function exampleOf(Failed: Failure): Coded {
  const known = examples.get(Failed)
  if (known) return known
  const { code } = new Failed()
  const example = new Failed(...((filledIn[code] ?? []) as [string])) as Coded
  examples.set(Failed, example)
  return example
}
