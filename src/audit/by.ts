import { userInfo } from 'node:os'
import type { FastifyRequest } from 'fastify'
import { scopes } from '#access/scopes.ts'
import type { By } from './record.ts'

/** The principal of a request. */
export function byRequest({ principal, id }: Pick<FastifyRequest, 'principal' | 'id'>): By {
  return { principal, requestId: id }
}

/** The account of this machine that has typed a command. */
export function byCommand(): By {
  return { principal: { kind: 'cli', id: null, name: accountName(), address: null, scopes }, requestId: null }
}

/** In a container the number of an account may have no name. */
function accountName() {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.()}`
  }
}

/** The role of a program that calls tasks as functions, through the database. */
export function byProgram({ url }: { url: string }): By {
  const name = decodeURIComponent(new URL(url).username)
  return { principal: { kind: 'sql', id: null, name, address: null, scopes }, requestId: null }
}
