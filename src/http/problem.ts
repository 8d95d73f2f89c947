import { STATUS_CODES } from 'node:http'
import type { Problem } from '#schema/common.ts'

export interface Coded {
  code: string
  statusCode?: number
  message: string
  errors?: { field: string; message: string }[]
}

/** RFC 9457, with the code that programs branch on. */
export function problemOf({ code, statusCode = 500, message, errors }: Coded): Problem {
  return {
    type: 'about:blank',
    title: STATUS_CODES[statusCode] ?? 'Error',
    status: statusCode,
    code,
    detail: message,
    ...(errors && { errors })
  }
}
