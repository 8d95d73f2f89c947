import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { filesBelow } from './files.ts'
import type { Unfinished } from './store.ts'
import { syncAlong, syncFile } from './sync.ts'
import type { Writer } from './writer.ts'

/** A folder of files that arrive in one request each: one that breaks off leaves nothing behind. */
export function incomingIn(folder: string, writer: Writer) {
  return {
    /** Streams to the disk: the file is never in memory as a whole. */
    async receive(stream: Readable) {
      const file = path.join(folder, `${randomUUID()}.part`)
      const drop = () => rm(file, { force: true })
      const out = writer.create(file)
      const along = syncAlong(out, { sync: () => syncFile(file) })
      try {
        await pipeline(stream, out)
        await along.settled()
        await syncFile(file)
      } catch (error) {
        await drop()
        throw error
      }
      return { file, bytes: out.bytes, sha256: out.sha256!, drop }
    },

    /** What a crash left behind. */
    async *unfinished(before: Date): AsyncIterable<Unfinished> {
      for await (const { key, changed } of filesBelow(folder, '')) {
        if (changed <= before) yield { changed, drop: () => rm(path.join(folder, key), { force: true }) }
      }
    }
  }
}
