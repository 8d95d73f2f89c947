import type { DarkroomError } from '#client/errors.ts'
import type { Request } from '#client/request.ts'
import { version } from '../../version.ts'
import { Unreachable } from '../failures.ts'
import { placeOf, searchedFolder } from './address.ts'

const remedy = 'start the service, or set DARKROOM_URL'

interface Asked {
  base: URL
  path: string
  hasKey: boolean
  send: Request
}

/** One clear sentence for a request that failed. */
export async function refusalOf(thrown: unknown, { base, path, hasKey, send }: Asked): Promise<Error> {
  const place = placeOf(base)
  const error = thrown as Partial<DarkroomError> & Error
  const cause = innermost(error)
  if (cause instanceof Unreachable) return cause
  if (error instanceof SyntaxError) return new Unreachable(`${place} answers ${path} with what is not JSON: ${remedy}`)
  if (error.code === 'NETWORK') {
    const why = cause.name === 'TimeoutError' ? 'no answer in time' : cause.message || (cause as { code?: string }).code
    const folder = searchedFolder()
    const where = folder === undefined ? '' : `; no API runs on DATA_DIR, which is ${folder} here`
    return new Unreachable(`${place} does not answer (${why}): ${remedy}${where}`)
  }
  if (error.status === undefined) return error
  // An error that no service of ours has written.
  if (error.code === 'HTTP') return new Unreachable(`${place} answers with status ${error.status} alone: ${remedy}`)
  if (error.status === 401) {
    const what = hasKey ? 'does not accept this key' : 'asks for a key'
    error.message = `${place} ${what}: set DARKROOM_KEY or DARKROOM_KEY_FILE (${error.message})`
  }
  if (error.code === 'ROUTE_NOT_FOUND' || (error.status === 400 && error.message.includes('is not a known field'))) {
    error.message += await otherVersion(send)
  }
  return error
}

function innermost(error: Error): Error {
  return error.cause instanceof Error ? innermost(error.cause) : error
}

/** Routes and fields differ between versions. */
async function otherVersion(send: Request) {
  const about = await send<{ version?: string }>('GET', 'api/about', { timeout: 5 }).catch(() => undefined)
  if (about?.version === version) return ''
  const theirs = about?.version === undefined ? 'another version' : `version ${about.version}`
  return ` (the service is ${theirs}, this command ${version})`
}
