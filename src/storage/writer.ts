import { once } from 'node:events'
import { Writable } from 'node:stream'
import { Worker } from 'node:worker_threads'

export type ToThread =
  | { type: 'open'; id: number; file: string }
  | { type: 'chunk'; id: number; chunk: Uint8Array<ArrayBuffer> }
  | { type: 'end'; id: number }
  | { type: 'abandon'; id: number }

export type FromThread =
  | { type: 'written'; id: number; bytes: number }
  | { type: 'closed'; id: number; sha256: string }
  | { type: 'failed'; id: number; message: string; code?: string }

/** A file that is being written. Pipe into it; when it has finished, it knows how long it is and what it hashes to. */
export interface Incoming extends Writable {
  bytes: number
  sha256: string
}

export interface Writer {
  create(file: string): Incoming
  close(): Promise<void>
}

// On their way to the thread at a time, for each file: enough that neither side waits for the other.
const inFlight = 1024 * 1024

/**
 * Writes and hashes uploads in a thread of its own. The bytes are not copied there but handed over, so they are no
 * longer garbage of the thread that answers requests: left there, each 64 MiB of an upload cost it a full collection.
 * The thread is started with the first upload and serves all of them.
 */
export function openWriter(): Writer {
  let thread: Worker | undefined
  let next = 0
  const files = new Map<number, (message: FromThread) => void>()

  function start() {
    const worker = new Worker(new URL('./writer-thread.ts', import.meta.url))
    worker.unref()
    worker.on('message', (message: FromThread) => files.get(message.id)?.(message))
    worker.on('error', error => {
      thread = undefined
      for (const [id, hear] of files) hear({ type: 'failed', id, message: error.message })
    })
    return worker
  }

  return {
    create(file) {
      thread ??= start()
      return new IncomingFile(next++, file, thread, files)
    },

    async close() {
      if (!thread) return
      const gone = once(thread, 'exit')
      await thread.terminate()
      await gone
    }
  }
}

class IncomingFile extends Writable implements Incoming {
  bytes = 0
  sha256 = ''
  #id: number
  #thread: Worker
  #files: Map<number, (message: FromThread) => void>
  #pending = 0
  #resume: (() => void) | undefined
  #finish: (() => void) | undefined

  constructor(id: number, file: string, thread: Worker, files: Map<number, (message: FromThread) => void>) {
    super({ highWaterMark: inFlight, decodeStrings: true })
    this.#id = id
    this.#thread = thread
    this.#files = files
    files.set(id, message => this.#hear(message))
    this.#say({ type: 'open', id, file })
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

  override _destroy(error: Error | null, callback: (error: Error | null) => void) {
    if (this.sha256 === '') this.#say({ type: 'abandon', id: this.#id })
    this.#files.delete(this.#id)
    callback(error)
  }

  #hear(message: FromThread) {
    if (message.type === 'failed') {
      this.destroy(Object.assign(new Error(message.message), { code: message.code }))
    } else if (message.type === 'closed') {
      this.sha256 = message.sha256
      this.#finish?.()
    } else {
      this.#pending -= message.bytes
      const resume = this.#resume
      this.#resume = undefined
      resume?.()
    }
  }

  #say(message: ToThread, transfer: ArrayBuffer[] = []) {
    this.#thread.postMessage(message, transfer)
  }
}

/** A chunk that is a part of something larger must not take that along: the parser may still be reading it. */
function handOver(chunk: Buffer): Uint8Array<ArrayBuffer> {
  return chunk.length === chunk.buffer.byteLength ? (chunk as Buffer<ArrayBuffer>) : new Uint8Array(chunk)
}
