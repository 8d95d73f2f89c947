import type { Readable } from 'node:stream'

/**
 * Where films and prints are kept, by key. A key is decided before its first byte, names one content for ever and is
 * never overwritten: an object store has no rename, and what is served can then be cached by its key.
 * `test/storage/contract.ts` is what every store must do.
 */
export interface Store {
  /** How an operator knows it, for messages: the path of DATA_DIR. */
  readonly place: string
  /** Makes what the store needs before its first use; throws where it cannot be written to. */
  prepare(): Promise<void>
  /** Streams an upload; nothing can be read under its key until it is kept. */
  receive(key: string, stream: Readable): Promise<Received>
  /** Stores a file of a workspace. The file is gone from there afterwards. */
  put(key: string, file: string): Promise<void>
  /** A local path at which a program can read the content, until it is released. */
  borrow(key: string): Promise<Borrowed>
  /** Bytes from `start` to `end`, both included; all of them without a range. */
  open(key: string, range?: { start: number; end: number }): Promise<Readable>
  /** Undefined where nothing is stored as `key`; throws where the store itself is away. */
  stat(key: string): Promise<Stored | undefined>
  /** Everything whose key is below a prefix such as `videos`, one by one: there may be millions. */
  list(prefix: string): AsyncIterable<Stored>
  /** Removes a key, or everything below it. Removing what is not there is no error. */
  remove(prefix: string): Promise<void>
  /** Uploads that got no byte since then. */
  unfinished(before: Date): AsyncIterable<Unfinished>
  /** True for an error that says that nothing more can be stored. */
  isFull(error: unknown): boolean
  /** True for an error that says that the store cannot be reached or written to at all. */
  isAway(error: unknown): boolean
  close(): Promise<void>
}

export interface Received {
  bytes: number
  sha256: string
  /** From now on the content is there under its key. */
  keep(): Promise<void>
  /** Forgets the bytes. What is kept stays. */
  drop(): Promise<void>
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

/** The key that says to which database a store belongs; see installation.ts. */
export const installationKey = 'installation'

/** Nothing is stored under a key, while the store itself is there. */
export class NotStored extends Error {
  override name = 'NotStored'
  readonly code = 'NOT_STORED'

  constructor(key: string, options?: ErrorOptions) {
    super(`Nothing is stored as ${key}`, options)
  }
}

/** The store itself is not there: a volume that is not mounted, say. Its contents may well come back. */
export class StoreAway extends Error {
  override name = 'StoreAway'
  readonly code = 'STORE_AWAY'
}
