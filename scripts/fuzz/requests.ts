import { randomUUID } from 'node:crypto'
import type { Random } from '../chaos/random.ts'
import { hostile, hostileText, sampleOf } from './values.ts'

export interface Operation {
  name: string
  method: string
  path: string
  parameters: any[]
  requestBody?: any
  responses: Record<string, any>
}

export interface Sent {
  operation: Operation
  method: string
  path: string
  headers: Record<string, string>
  body: Buffer | undefined
}

/** Every operation of an OpenAPI document. */
export function operationsOf(document: any): Operation[] {
  return Object.entries<any>(document.paths).flatMap(([path, methods]) =>
    Object.entries<any>(methods).map(([method, { parameters = [], requestBody, responses }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      parameters,
      requestBody,
      responses
    }))
  )
}

/** Follows `$ref` into the document's components. */
export function resolverOf(document: any) {
  return function resolve(schema: any): any {
    let found = schema
    while (found?.$ref)
      found = found.$ref
        .slice(2)
        .split('/')
        .reduce((at: any, key: string) => at[key], document)
    return found ?? {}
  }
}

const shortWait = { type: 'number', minimum: 0, maximum: 1 }

/** Requests that mostly fit the document. `ids` are ones that answers have named. */
export function requestMaker(document: any, random: Random, ids: string[]) {
  const resolve = resolverOf(document)

  function ofPath(path: string) {
    return path.replaceAll(/\{(\w+)\}/g, (_, name) => {
      if (random.chance(0.15)) return encodeURIComponent(safe(hostileText(random)))
      if (name === 'name') return random.pick(['default', 'media', 'original', 'hls/master.m3u8', '480p.mp4', 'tasks'])
      if (ids.length > 0 && random.chance(0.8)) return encodeURIComponent(random.pick(ids))
      return random.pick([randomUUID(), randomUUID().toUpperCase(), 'nightly', 'x'])
    })
  }

  function parameters(operation: Operation, place: string) {
    return (
      operation.parameters
        .map(resolve)
        .filter(({ in: at, required }) => at === place && (required || random.chance(0.3)))
        // A wait may last an hour, and would look like a hang.
        .map(
          ({ name, schema }) => [name, asText(sampleOf(name === 'wait' ? shortWait : schema, random, resolve))] as const
        )
    )
  }

  return function make(operation: Operation): Sent {
    const query = parameters(operation, 'query').map(([name, value]) => `${name}=${encodeURIComponent(safe(value))}`)
    if (random.chance(0.05)) query.push(`${encodeURIComponent(safe(hostileText(random)))}=1`)
    const headers = Object.fromEntries(
      parameters(operation, 'header').map(([name, value]) => [name, headerSafe(value)])
    )
    const content = resolve(operation.requestBody).content as Record<string, any> | undefined
    const types = Object.keys(content ?? {})
    const type = types.length > 0 ? random.pick(types) : undefined
    const body = type === undefined ? undefined : bodyOf(type, content![type].schema)
    if (type !== undefined && body) headers['content-type'] = random.chance(0.03) ? 'text/plain' : contentType(type)
    if (random.chance(0.02)) headers['content-type'] = headerSafe(hostileText(random))
    const path = `${ofPath(operation.path)}${query.length > 0 ? `?${query.join('&')}` : ''}`
    return { operation, method: operation.method, path, headers, body }
  }

  function bodyOf(type: string, schema: any) {
    if (random.chance(0.02)) return Buffer.from(random.pick(['', '{', 'null', '[1', '"x', '\xff\xfe', '{"a":1}{']))
    if (type.includes('json')) {
      return Buffer.from(
        JSON.stringify(random.chance(0.03) ? hostile(random) : sampleOf(schema, random, resolve)) ?? ''
      )
    }
    const bytes = Buffer.from(Array.from({ length: random.pick([0, 1, 9, 3_000]) }, () => random.whole(0, 255)))
    return type.startsWith('multipart') ? formOf(bytes) : bytes
  }

  function formOf(bytes: Buffer) {
    const name = random.pick(['video', 'video', 'file', ''])
    const filename = headerSafe(hostileText(random)).replaceAll('"', '')
    const head = `--fuzz\r\ncontent-disposition: form-data; name="${name}"; filename="${filename}"\r\n\r\n`
    return Buffer.concat([Buffer.from(head), bytes, Buffer.from(random.chance(0.9) ? '\r\n--fuzz--\r\n' : '\r\n--fu')])
  }
}

function contentType(type: string) {
  return type.startsWith('multipart') ? `${type}; boundary=fuzz` : type
}

function asText(value: unknown) {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

/** A lone surrogate cannot be encoded; what a client would send for it. */
function safe(text: string) {
  return text.toWellFormed().slice(0, 8_000)
}

/** Node refuses to send other bytes. */
function headerSafe(text: string) {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '').slice(0, 4_000)
}
