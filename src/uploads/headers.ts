import type { IncomingHttpHeaders } from 'node:http'
import { TusVersion, UploadEmpty, UploadNotOctets, UploadTooLarge } from '#errors.ts'
import { refuse } from '#schema/check.ts'

export const tusVersion = '1.0.0'
export const octets = 'application/offset+octet-stream'

const algorithms = ['sha1', 'sha256', 'sha512', 'md5']
const extensions = [
  'creation',
  'creation-with-upload',
  'creation-defer-length',
  'termination',
  'checksum',
  'expiration'
]

/** The answer to OPTIONS: what a client may use. */
export function abilities(maxUploadBytes: number) {
  return {
    'tus-resumable': tusVersion,
    'tus-version': tusVersion,
    'tus-extension': extensions.join(','),
    'tus-max-size': String(maxUploadBytes),
    'tus-checksum-algorithm': algorithms.join(',')
  }
}

export function checkVersion(headers: IncomingHttpHeaders) {
  if (headers['tus-resumable'] !== tusVersion) throw new TusVersion()
}

/** Whether the request has a body; if it has one, it must be of the type of the protocol. */
export function hasBytes(headers: IncomingHttpHeaders, { always = false } = {}) {
  const has = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if ((has || always) && type !== octets) throw new UploadNotOctets()
  return has
}

/** The length that a client says at the creation or later; undefined where it does not say it now. */
export function lengthIn(headers: IncomingHttpHeaders, maxUploadBytes: number) {
  const length = numberIn(headers, 'Upload-Length')
  if (length === undefined) return undefined
  if (length > maxUploadBytes) throw new UploadTooLarge(maxUploadBytes)
  if (length === 0) throw new UploadEmpty()
  return length
}

/** At the creation a client says the length, or that it will. */
export function lengthAtCreation(headers: IncomingHttpHeaders, maxUploadBytes: number) {
  const deferred = headers['upload-defer-length']
  if (deferred !== undefined && deferred !== '1') throw wrong('Upload-Defer-Length', 'must be 1')
  const length = lengthIn(headers, maxUploadBytes)
  if ((length === undefined) !== (deferred === '1')) {
    throw wrong('Upload-Length', 'is required, unless Upload-Defer-Length is 1: one of the two')
  }
  return length
}

export function offsetIn(headers: IncomingHttpHeaders) {
  const offset = numberIn(headers, 'Upload-Offset')
  if (offset === undefined) throw wrong('Upload-Offset', 'is required')
  return offset
}

/** The name of a hash and its value in base64. */
export function checksumIn(headers: IncomingHttpHeaders) {
  const header = headers['upload-checksum']
  if (header === undefined) return undefined
  const [algorithm = '', digest = '', ...more] = String(header).trim().split(' ')
  if (!algorithms.includes(algorithm)) throw wrong('Upload-Checksum', `must begin with one of ${algorithms.join(', ')}`)
  if (more.length > 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(digest)) {
    throw wrong('Upload-Checksum', 'must end with the checksum in base64')
  }
  return { algorithm, digest }
}

function numberIn(headers: IncomingHttpHeaders, name: string) {
  const text = headers[name.toLowerCase()]
  if (text === undefined) return undefined
  const number = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number)) throw wrong(name, 'must be a whole number of bytes')
  return number
}

function wrong(field: string, message: string) {
  return refuse([{ field, message }])
}
