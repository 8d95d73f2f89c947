import type { FastifyReply, FastifyRequest } from 'fastify'
import { cookieNames } from '#access/cookies.ts'
import { SessionInsecure } from '#errors.ts'
import { sessionLongest } from '../queries.ts'

const local = /^(?:localhost|[\w.-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i

/** Whether the cookie travels by https; a browser that has neither that nor an address of its own machine gets none. */
export function mustBeSecure(request: FastifyRequest, publicUrl: string | undefined): boolean {
  const isLocal = local.test(request.headers.host ?? '')
  if (request.protocol === 'https' || (publicUrl?.startsWith('https:') === true && !isLocal)) return true
  if (!isLocal) throw new SessionInsecure()
  return false
}

export function setCookie(reply: FastifyReply, isSecure: boolean, token: string) {
  send(reply, isSecure, `${token}; Max-Age=${sessionLongest}`)
}

export function removeCookies(reply: FastifyReply) {
  for (const isSecure of [true, false]) send(reply, isSecure, '; Max-Age=0')
}

function send(reply: FastifyReply, isSecure: boolean, value: string) {
  const name = isSecure ? cookieNames.secure : cookieNames.local
  reply.header('set-cookie', `${name}=${value}; Path=/; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`)
}
