import { createHash } from 'node:crypto'

export const tus = { 'tus-resumable': '1.0.0' }
export const octets = { 'content-type': 'application/offset+octet-stream' }

type Bytes = Buffer | ReadableStream<Uint8Array>

/** The value of Upload-Metadata. */
export function metadata(values: Record<string, string>) {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',')
}

export function checksum(algorithm: string, bytes: Buffer) {
  return `${algorithm} ${createHash(algorithm).update(bytes).digest('base64')}`
}

export function sha256(bytes: Buffer) {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A client of tus that does as it is told, on real connections. */
export function tusClient(address: string) {
  const send = async (method: string, path: string, headers: Record<string, string> = {}, body?: Bytes) => {
    const response = await fetch(`${address}${path}`, {
      method,
      headers: { ...tus, ...headers },
      ...(body !== undefined && { body, duplex: 'half' })
    } as RequestInit)
    const text = await response.text()
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: text !== '' && response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text
    }
  }

  return {
    send,

    /** Creates an upload and answers its path. */
    async create(length: number, headers: Record<string, string> = {}) {
      const answer = await send('POST', '/api/uploads', { 'upload-length': String(length), ...headers })
      if (answer.status !== 201) throw new Error(JSON.stringify(answer))
      return answer.headers.location!
    },

    patch: (path: string, offset: number, body?: Bytes, headers: Record<string, string> = {}) =>
      send('PATCH', path, { ...octets, 'upload-offset': String(offset), ...headers }, body),

    head: (path: string) => send('HEAD', path),
    get: (path: string) => send('GET', path)
  }
}
