import type { Readable } from 'node:stream'

/**
 * Storage of films and prints by key. A key is chosen before its first byte, names one content for ever and is never
 * overwritten: an object store has no rename, and content can be cached by its key. `test/storage/contract.ts` states
 * what every store must do.
 */
export interface Store {
  /** The store's name in messages: the path of DATA_DIR. */
  readonly place: string
  /** Prepares the store before its first use; throws where it is not writable. */
  prepare(): Promise<void>
  /** Streams an upload; it cannot be read under its key until `keep`. */
  receive(key: string, stream: Readable): Promise<Received>
  /**
   * Writes a stream behind the first `offset` bytes of a content that arrives in several requests, perhaps to several
   * processes; what a writer that broke off has left behind them is discarded. The caller sees to it that one at a time
   * writes, until `deadline`. Throws NotStored where those first bytes are gone.
   */
  append(key: string, chunks: AsyncIterable<Uint8Array>, options: AppendOptions): Promise<Appended>
  /** The appended content as a whole, which `keep` makes available under its key. */
  complete(key: string, appended: { bytes: number; sha256: string | undefined }): Promise<Received>
  /** Removes what was appended and not kept. */
  discard(key: string): Promise<void>
  /** Contents that are being appended, or were given up. */
  appended(): AsyncIterable<Stored>
  /** Moves a file of a workspace into the store. */
  put(key: string, file: string): Promise<void>
  /** Makes a content available under a second key, too; either is removed without the other. */
  copy(from: string, to: string): Promise<void>
  /** A local path for programs to read the content, valid until released. */
  borrow(key: string): Promise<Borrowed>
  /** Bytes from `start` to `end`, both included; all of them without a range. */
  open(key: string, range?: { start: number; end: number }): Promise<Readable>
  /** Undefined where nothing is stored as `key`; throws where the store itself is not available. */
  stat(key: string): Promise<Stored | undefined>
  /** All entries below a prefix such as `videos`, one by one: there may be millions. */
  list(prefix: string): AsyncIterable<Stored>
  /** Removes a key, or everything below it. Removing a missing key is no error. */
  remove(prefix: string): Promise<void>
  /** Uploads that have received no byte since `before`. */
  unfinished(before: Date): AsyncIterable<Unfinished>
  /** True for an error that means that the store is full. */
  isFull(error: unknown): boolean
  /** True for an error that means that the store cannot be reached or written to at all. */
  isAway(error: unknown): boolean
  close(): Promise<void>
}

export interface Received {
  bytes: number
  sha256: string
  /** Makes the content available under its key. */
  keep(): Promise<void>
  /** Discards the bytes, unless they were kept. */
  drop(): Promise<void>
}

export interface AppendOptions {
  offset: number
  /** The name of this append. */
  name: string
  /** The append whose last byte is the one before `offset`: its running hash goes on, where this process has it. */
  follows: string | undefined
  /** In base64. Bytes that do not fit are discarded, and so are all those of a stream that breaks. */
  checksum: { algorithm: string; digest: string } | undefined
  /** One BigInt64, shared with the caller: the end of the right to write, by the clock of `process.hrtime`. */
  deadline: SharedArrayBuffer
  /** Called again and again while bytes arrive: those before this offset survive a power failure. */
  checkpoint(offset: number): Promise<void>
  /** Called with the bytes of this append that are in the file, each time that there are more. */
  onWritten(bytes: number): void
}

export interface Appended {
  /** The bytes before it survive a power failure. */
  offset: number
  /** Of all bytes before the offset; undefined where another process has hashed the first of them. */
  sha256: string | undefined
  /** Why the stream broke, where it did. */
  error: unknown
}

export interface Borrowed {
  path: string
  release(): Promise<void>
}

export interface Stored {
  key: string
  bytes: number
  changed: Date
}

export interface Unfinished {
  changed: Date
  drop(): Promise<void>
}

/** The key of the id that links a store to its database; see installation.ts. */
export const installationKey = 'installation'

/** Nothing is stored under a key, while the store itself is available. */
export class NotStored extends Error {
  override name = 'NotStored'
  readonly code = 'NOT_STORED'

  constructor(key: string, options?: ErrorOptions) {
    super(`Nothing is stored as ${key}`, options)
  }
}

/** The appended bytes do not have the checksum that the client sent. */
export class ChecksumWrong extends Error {
  override name = 'ChecksumWrong'
}

/** The store itself is not available: a volume that is not mounted, say. Its contents may come back. */
export class StoreAway extends Error {
  override name = 'StoreAway'
  readonly code = 'STORE_AWAY'
}
