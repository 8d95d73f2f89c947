/** What was asked of the service and done to it, written down by those who did it. */
export interface Ledger {
  /** When it all began, in milliseconds. */
  began: number
  orders: Order[]
  /** Tasks whose cancellation was asked for, whatever became of the answer. */
  cancelled: Set<string>
  retried: Map<string, Retries>
  blows: Blow[]
  /** Processes that had ended while the others went on, for whatever reason. */
  gone: Set<number>
  /** What a process did that nobody had told it to. */
  surprises: string[]
}

export interface Order {
  number: number
  path: string
  /** With one, it is sent until it is answered. */
  key?: string | undefined
  body: unknown
  /** What its tasks call themselves. */
  names: string[]
  answer: 'open' | 'accepted' | 'refused' | 'unknown'
  ids: string[]
  /** Why it was refused, and whatever else was wrong with an answer. */
  complaint?: string
}

/** Manual retries of a task. Of those without an answer nobody knows whether they count. */
export interface Retries {
  accepted: number
  unknown: number
}

export interface Blow {
  at: number
  what: string
  /** The process that it met. */
  pid?: number | undefined
  /** To the worker whose process it met: from here on others may take over what it has. */
  deadly?: boolean
  /** The database was gone for everybody. */
  outage?: boolean
}

export function openLedger(): Ledger {
  return {
    began: Date.now(),
    orders: [],
    cancelled: new Set(),
    retried: new Map(),
    blows: [],
    gone: new Set(),
    surprises: []
  }
}
