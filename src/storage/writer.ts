import { once } from 'node:events'
import { Writable } from 'node:stream'
import { Worker } from 'node:worker_threads'

export type ToThread =
  | { type: 'open'; id: number; file: string; part?: Part }
  | { type: 'chunk'; id: number; chunk: Uint8Array<ArrayBuffer> }
  | { type: 'end'; id: number }
  | { type: 'abandon'; id: number }
  | { type: 'hash'; id: number; file: string; bytes: number }

export type FromThread =
  | { type: 'written'; id: number; bytes: number }
  | { type: 'closed'; id: number; sha256?: string; checksum?: string }
  | { type: 'abandoned'; id: number }
  | { type: 'failed'; id: number; message: string; code?: string }

/** What the thread needs to go on with a file that arrives in several requests. */
export interface Part {
  /** Bytes of the file that stay; the next one is written behind them. */
  offset: number
  /** The name of this append, and of the one whose running SHA-256 ends at the offset. */
  name: string
  follows: string | undefined
  /** Also hash the bytes of this append alone. */
  algorithm: string | undefined
  /** One BigInt64: by the clock of `process.hrtime`, when the right to write ends. */
  deadline: SharedArrayBuffer
}

/** A file that is being written. Pipe into it. */
export interface Incoming extends Writable {
  /** Bytes so far, and those of them that are in the file. */
  bytes: number
  written: number
  onWritten: () => void
  /** After the end. Of a part the hash of the whole is unknown where another process wrote the bytes before. */
  sha256: string | undefined
  checksum: string
}

/** Code of the error of an append whose right to write has ended. */
export const writeLate = 'WRITE_LATE'

interface Thread {
  worker: Worker
  files: Map<number, (message: FromThread) => void>
}

export interface Writer {
  create(file: string): Incoming
  append(file: string, part: Part): Incoming
  /** The SHA-256 of the first bytes of a file; the uploads that are being written are served in between. */
  hash(file: string, bytes: number): Promise<string>
  close(): Promise<void>
}

// Bytes of a file in transit to the thread: enough that neither side waits for the other.
const inFlight = 1024 * 1024

/**
 * Writes and hashes uploads in a thread of its own. Chunks are transferred, not copied, so they are no garbage of the
 * main thread, where each 64 MiB of an upload cost a full collection. The thread starts with the first upload and
 * serves all of them.
 */
export function openWriter(): Writer {
  let thread: Thread | undefined
  let next = 0

  function start(): Thread {
    const worker = new Worker(new URL('./writer-thread.ts', import.meta.url))
    const files: Thread['files'] = new Map()
    worker.unref()
    worker.on('message', (message: FromThread) => files.get(message.id)?.(message))
    worker.on('error', error => end(error.message))
    worker.on('exit', () => end('The thread that writes uploads has ended'))
    return { worker, files }

    function end(message: string) {
      if (thread?.worker === worker) thread = undefined
      for (const [id, hear] of files) hear({ type: 'failed', id, message })
    }
  }

  return {
    create(file) {
      thread ??= start()
      return new IncomingFile({ id: next++, file }, thread)
    },

    append(file, part) {
      thread ??= start()
      return new IncomingFile({ id: next++, file, part }, thread)
    },

    hash(file, bytes) {
      thread ??= start()
      const { worker, files } = thread
      const id = next++
      return new Promise((resolve, reject) => {
        files.set(id, message => {
          files.delete(id)
          if (message.type === 'closed') resolve(message.sha256!)
          else if (message.type === 'failed') reject(failure(message))
        })
        worker.postMessage({ type: 'hash', id, file, bytes } satisfies ToThread)
      })
    },

    async close() {
      if (!thread) return
      const gone = once(thread.worker, 'exit')
      await thread.worker.terminate()
      await gone
    }
  }
}

class IncomingFile extends Writable implements Incoming {
  bytes = 0
  written = 0
  sha256: string | undefined
  checksum = ''
  onWritten = () => {}
  #id: number
  #thread: Thread
  #pending = 0
  #resume: (() => void) | undefined
  #finish: (() => void) | undefined
  #close: (() => void) | undefined
  #isOver = false

  constructor({ id, ...opened }: { id: number; file: string; part?: Part }, thread: Thread) {
    super({ highWaterMark: inFlight, decodeStrings: true })
    this.#id = id
    this.#thread = thread
    thread.files.set(id, message => this.#hear(message))
    this.#say({ type: 'open', id, ...opened })
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void) {
    this.bytes += chunk.length
    this.#pending += chunk.length
    const whole = handOver(chunk)
    this.#say({ type: 'chunk', id: this.#id, chunk: whole }, [whole.buffer])
    if (this.#pending < inFlight) callback()
    else this.#resume = callback
  }

  override _final(callback: () => void) {
    this.#finish = callback
    this.#say({ type: 'end', id: this.#id })
  }

  /** Ends only after the thread has closed the file: a removal before that could be followed by another write. */
  override _destroy(error: Error | null, callback: (error: Error | null) => void) {
    this.#close = () => {
      this.#thread.files.delete(this.#id)
      callback(error)
    }
    if (this.#isOver) this.#close()
    else this.#say({ type: 'abandon', id: this.#id })
  }

  #hear(message: FromThread) {
    switch (message.type) {
      case 'written': {
        this.#pending -= message.bytes
        this.written += message.bytes
        const resume = this.#resume
        this.#resume = undefined
        this.onWritten()
        return resume?.()
      }
      case 'closed':
        this.#isOver = true
        this.sha256 = message.sha256
        this.checksum = message.checksum ?? ''
        return this.#close ? this.#close() : this.#finish?.()
      case 'abandoned':
        return this.#close?.()
      case 'failed':
        this.#isOver = true
        if (this.#close) return this.#close()
        this.destroy(failure(message))
    }
  }

  #say(message: ToThread, transfer: ArrayBuffer[] = []) {
    this.#thread.worker.postMessage(message, transfer)
  }
}

function failure({ message, code }: { message: string; code?: string }) {
  return Object.assign(new Error(message), { code })
}

/** A chunk that is a view of a larger buffer is copied: the multipart parser may still read the rest of the buffer. */
function handOver(chunk: Buffer): Uint8Array<ArrayBuffer> {
  return chunk.length === chunk.buffer.byteLength ? (chunk as Buffer<ArrayBuffer>) : new Uint8Array(chunk)
}
