import { createHash, type Hash } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { type FromThread, type Part, type ToThread, writeLate } from './writer.ts'

interface OpenFile {
  descriptor: number
  /** Where the next byte goes. */
  end: number
  /** Undefined where this process has not hashed the bytes before. */
  hash: Hash | undefined
  name?: string
  checksum?: Hash | undefined
  deadline?: BigInt64Array
}

// Running hashes of uploads between two of their requests. One that is missing costs reading the file at the end.
const mostRunning = 200
// Bytes that are hashed between two looks for other work.
const step = 1024 * 1024

/** The thread of `writer.ts`. It may block: only the uploads that it writes wait for it. */
const files = new Map<number, OpenFile>()
const running = new Map<string, { hash: Hash; end: number }>()

parentPort!.on('message', (message: ToThread) => {
  const { id } = message
  try {
    if (message.type === 'open') {
      files.set(id, message.part ? openPart(message.file, message.part) : openNew(message.file))
    } else if (message.type === 'chunk') {
      write(id, message.chunk)
    } else if (message.type === 'hash') {
      hashFile(id, message.file, message.bytes)
    } else {
      const file = close(id)
      if (message.type === 'abandon') say({ type: 'abandoned', id })
      else if (file) say({ type: 'closed', id, ...digestsOf(file) })
    }
  } catch (error) {
    fail(id, error as NodeJS.ErrnoException)
  }
})

function openNew(file: string): OpenFile {
  return { descriptor: openSync(file, 'wx', 0o600), end: 0, hash: createHash('sha256') }
}

function openPart(file: string, { offset, name, follows, algorithm, deadline }: Part): OpenFile {
  const before = follows === undefined ? undefined : running.get(follows)
  const until = new BigInt64Array(deadline)
  const descriptor = openSync(file, 'r+')
  try {
    checkDeadline(until)
    ftruncateSync(descriptor, offset)
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
  return {
    descriptor,
    end: offset,
    // A copy: what this append writes may be refused, and then the next one follows the same one.
    hash: follows !== undefined && offset === 0 ? createHash('sha256') : goesOn(before, offset),
    name,
    checksum: algorithm === undefined ? undefined : createHash(algorithm),
    deadline: until
  }
}

function goesOn(before: { hash: Hash; end: number } | undefined, offset: number) {
  return before?.end === offset ? before.hash.copy() : undefined
}

function write(id: number, chunk: Uint8Array<ArrayBuffer>) {
  const file = files.get(id)
  // The file has failed; this chunk was already in transit.
  if (!file) return
  for (let done = 0; done < chunk.length; ) {
    if (file.deadline) checkDeadline(file.deadline)
    done += writeSync(file.descriptor, chunk, done, chunk.length - done, file.end + done)
  }
  file.end += chunk.length
  file.hash?.update(chunk)
  file.checksum?.update(chunk)
  say({ type: 'written', id, bytes: chunk.length })
  // Freed at once rather than at a later garbage collection: an upload takes megabytes and not hundreds.
  chunk.buffer.transfer(0)
}

function close(id: number) {
  const file = files.get(id)
  files.delete(id)
  if (!file) return undefined
  closeSync(file.descriptor)
  if (file.name !== undefined && file.hash) {
    running.set(file.name, { hash: file.hash, end: file.end })
    if (running.size > mostRunning) running.delete(running.keys().next().value!)
  }
  return file
}

function digestsOf({ hash, checksum }: OpenFile) {
  return { sha256: hash?.copy().digest('hex'), checksum: checksum?.digest('base64') }
}

/** In steps, so that uploads are written in between. */
function hashFile(id: number, file: string, bytes: number) {
  const descriptor = openSync(file, 'r')
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(step)
  let left = bytes
  goOn()

  function goOn() {
    try {
      const read = readSync(descriptor, buffer, 0, Math.min(step, left), null)
      hash.update(buffer.subarray(0, read))
      left -= read
      if (left > 0 && read > 0) return void setImmediate(goOn)
      if (left > 0) throw new Error(`The file is ${left} bytes shorter than it should be`)
      say({ type: 'closed', id, sha256: hash.digest('hex') })
    } catch (error) {
      fail(id, error as NodeJS.ErrnoException)
    }
    closeSync(descriptor)
  }
}

function checkDeadline(deadline: BigInt64Array) {
  if (process.hrtime.bigint() <= Atomics.load(deadline, 0)) return
  throw Object.assign(new Error('The right to write the upload has ended'), { code: writeLate })
}

function fail(id: number, { message, code }: NodeJS.ErrnoException) {
  close(id)
  // An Error that is posted to another thread loses its code, which tells a full disk from a broken one.
  say({ type: 'failed', id, message, code })
}

function say(message: FromThread) {
  parentPort!.postMessage(message)
}
