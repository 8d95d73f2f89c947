import { randomUUID } from 'node:crypto'

export interface FilePart {
  name?: string
  filename?: string
  content: Buffer | string
}

/** A multipart body as a browser writes it. */
export function form(parts: FilePart[]) {
  const boundary = `----darkroom${randomUUID()}`
  const payload = Buffer.concat([
    ...parts.flatMap(({ name = 'video', filename, content }) => [
      Buffer.from(
        `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${
          filename === undefined ? '' : `; filename="${filename.replaceAll('"', '%22')}"\r\ncontent-type: video/mp4`
        }\r\n\r\n`
      ),
      Buffer.from(content),
      Buffer.from('\r\n')
    ]),
    Buffer.from(`--${boundary}--\r\n`)
  ])
  return { payload, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } }
}
