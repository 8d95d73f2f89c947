import { createHash, type Hash } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import type { FromThread, ToThread } from './writer.ts'

/** The thread of `writer.ts`. It may block: only the uploads that it writes wait for it. */
const files = new Map<number, { descriptor: number; hash: Hash }>()

parentPort!.on('message', (message: ToThread) => {
  const { id } = message
  try {
    if (message.type === 'open') {
      files.set(id, { descriptor: openSync(message.file, 'wx', 0o600), hash: createHash('sha256') })
    } else if (message.type === 'chunk') {
      write(id, message.chunk)
    } else {
      const file = close(id)
      if (message.type === 'abandon') say({ type: 'abandoned', id })
      else if (file) say({ type: 'closed', id, sha256: file.hash.digest('hex') })
    }
  } catch (error) {
    close(id)
    // An Error that is posted to another thread loses its code, which tells a full disk from a broken one.
    const { message, code } = error as NodeJS.ErrnoException
    say({ type: 'failed', id, message, code })
  }
})

function write(id: number, chunk: Uint8Array<ArrayBuffer>) {
  const file = files.get(id)
  // The file has failed; this chunk was already in transit.
  if (!file) return
  for (let done = 0; done < chunk.length; ) done += writeSync(file.descriptor, chunk, done)
  file.hash.update(chunk)
  say({ type: 'written', id, bytes: chunk.length })
  // Freed at once rather than at a later garbage collection: an upload takes megabytes and not hundreds.
  chunk.buffer.transfer(0)
}

function close(id: number) {
  const file = files.get(id)
  files.delete(id)
  if (file) closeSync(file.descriptor)
  return file
}

function say(message: FromThread) {
  parentPort!.postMessage(message)
}
