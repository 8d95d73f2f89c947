import { once } from 'node:events'
import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import type pg from 'pg'

// node-postgres parses COPY messages and leaves their handling to the statement.

interface Connection {
  stream: Socket
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
  sendCopyFail(message: string): void
}

/** Streams the rows of `COPY … TO STDOUT`. A slow reader slows Postgres down. */
export function copyTo(client: pg.Client, text: string): AsyncIterable<Buffer> {
  const rows = new PassThrough()
  client.query({
    submit: (connection: Connection) => connection.query(text),
    handleCopyData({ chunk }: { chunk: Buffer }, connection: Connection) {
      // The parser reuses its buffer.
      if (rows.write(Buffer.from(chunk)) || connection.stream.isPaused()) return
      connection.stream.pause()
      rows.once('drain', () => connection.stream.resume())
    },
    handleCommandComplete() {},
    handleReadyForQuery: () => rows.end(),
    handleError: (error: Error) => rows.destroy(error)
  } as unknown as pg.Submittable)
  return rows
}

export interface CopyFrom {
  write(rows: Buffer): Promise<void>
  end(): Promise<void>
}

/** `COPY … FROM STDIN`. Rejects with Postgres's error for a row. */
export async function copyFrom(client: pg.Client, text: string): Promise<CopyFrom> {
  const { promise: begun, resolve: begin, reject } = Promise.withResolvers<Connection>()
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<void>()
  ended.catch(() => {})
  let refused: Error | undefined
  client.query({
    submit: (connection: Connection) => connection.query(text),
    handleCopyInResponse: begin,
    handleCommandComplete() {},
    handleReadyForQuery: () => end(),
    handleError(error: Error) {
      refused = error
      reject(error)
      fail(error)
    }
  } as unknown as pg.Submittable)
  const connection = await begun
  return {
    async write(rows) {
      if (refused) throw refused
      connection.sendCopyFromChunk(rows)
      if (connection.stream.writableNeedDrain) await Promise.race([once(connection.stream, 'drain'), ended])
    },
    async end() {
      connection.endCopyFrom()
      await ended
    }
  }
}
