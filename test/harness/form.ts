import { randomUUID } from 'node:crypto'

export interface FilePart {
  name?: string
  filename?: string
  content: Buffer | string
  /** `video/mp4` for a file, none for a field, unless it is set here. */
  type?: string
  /** The whole header, instead of one made from `name` and `filename`. */
  disposition?: string | Buffer
}

/** A multipart body as a browser writes it. */
export function form(parts: FilePart[]) {
  const { headers, head, tail } = openForm(parts)
  return { payload: Buffer.concat([head, tail]), headers }
}

/** The same in two pieces: up to the end of the last part's content, and the end of the form. */
export function openForm(parts: FilePart[]) {
  const boundary = `----darkroom${randomUUID()}`
  const head = Buffer.concat(
    parts.flatMap((part, index) => [
      Buffer.from(`${index === 0 ? '' : '\r\n'}--${boundary}\r\n`),
      headersOf(part),
      Buffer.from('\r\n\r\n'),
      Buffer.from(part.content)
    ])
  )
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  return { headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, head, tail }
}

function headersOf({
  name = 'video',
  filename,
  type = filename === undefined ? undefined : 'video/mp4',
  ...part
}: FilePart) {
  const file = filename === undefined ? '' : `; filename="${filename.replaceAll('"', '%22')}"`
  return Buffer.concat([
    Buffer.from('content-disposition: '),
    Buffer.from(part.disposition ?? `form-data; name="${name}"${file}`),
    Buffer.from(type === undefined ? '' : `\r\ncontent-type: ${type}`)
  ])
}
