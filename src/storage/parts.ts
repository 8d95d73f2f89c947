import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Appended, type AppendOptions, ChecksumWrong, NotStored } from './store.ts'
import { syncAlong, syncFolders } from './sync.ts'
import type { Incoming, Writer } from './writer.ts'

interface PartsNeeds {
  writer: Writer
  fileOf(key: string): string
  partOf(key: string): string
  /** Tells a missing file from a missing store. */
  explain(key: string, error: NodeJS.ErrnoException): Promise<never>
}

// Bytes, or milliseconds. A crash costs the client at most so many.
const betweenCheckpoints = 32 * 1024 * 1024
const longest = 5_000

/** Files that grow by several requests, each written by `writer` and synced before its offset is told. */
export function partsOn({ writer, fileOf, partOf, explain }: PartsNeeds) {
  /** A crash after the last append may have left the file under its key already. */
  async function openPart(key: string, offset: number): Promise<FileHandle> {
    const part = partOf(key)
    const found = await open(part, 'r+').catch(ifAbsent)
    if (found) return found
    if (await rename(fileOf(key), part).then(() => true, ifAbsent)) return open(part, 'r+')
    const mode = constants.O_RDWR | (offset === 0 ? constants.O_CREAT : 0)
    const opened = await open(part, mode, 0o600).catch(error => explain(key, error))
    await syncFolders(path.dirname(part), path.dirname(part))
    return opened
  }

  return {
    async append(key: string, chunks: AsyncIterable<Uint8Array>, options: AppendOptions): Promise<Appended> {
      const { offset, checksum, name, follows, deadline } = options
      const handle = await openPart(key, offset)
      try {
        if ((await handle.stat()).size < offset) throw new NotStored(key)
        const part = { offset, name, follows, deadline, algorithm: checksum?.algorithm }
        const out = writer.append(partOf(key), part)
        const checkpoints = checkpointsOf(handle, out, options)
        const error = await pipeline(chunks, out).then(() => undefined, ifBroken)
        // By now the thread has answered what it wrote. `once` of node:events would reject with the error again.
        if (!out.closed) await new Promise<void>(resolve => out.once('close', resolve))
        await checkpoints.settled()

        if (checksum && error) return { offset, sha256: undefined, error }
        if (checksum && out.checksum !== checksum.digest) throw new ChecksumWrong()
        await handle.datasync()
        return { offset: offset + out.written, sha256: out.sha256, error }
      } finally {
        await handle.close()
      }
    },

    async complete(key: string, { bytes, sha256 }: { bytes: number; sha256: string | undefined }) {
      const file = partOf(key)
      const handle = await openPart(key, bytes)
      const { size } = await handle.stat().finally(() => handle.close())
      if (size !== bytes) throw new Error(`The upload ${key} has ${size} bytes instead of ${bytes}`)
      // Reserved by a `keep` that did not get further.
      await rm(fileOf(key), { force: true })
      return { file, sha256: sha256 ?? (await writer.hash(file, bytes)) }
    },

    async discard(key: string) {
      await rm(partOf(key), { force: true })
    }
  }
}

/** The offset moves while bytes arrive; with a checksum they count only once all of them have. */
function checkpointsOf(handle: FileHandle, out: Incoming, { offset, checksum, ...options }: AppendOptions) {
  let told = 0
  let at = performance.now()
  return syncAlong(out, {
    sync: () => handle.datasync(),
    onWritten: options.onWritten,
    async onSynced(bytes) {
      const now = performance.now()
      if (checksum || (bytes - told < betweenCheckpoints && now - at < longest)) return
      told = bytes
      at = now
      await options.checkpoint(offset + bytes)
    }
  })
}

function ifBroken(error: unknown) {
  return error ?? new Error('The stream broke')
}

function ifAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
