/** Requests to the service and blows against it, recorded by the code that made them. */
export interface Ledger {
  /** Start of the run, in milliseconds. */
  began: number
  orders: Order[]
  /** Ids of tasks that a client tried to cancel, with or without an answer. */
  cancelled: Set<string>
  retried: Map<string, Retries>
  blows: Blow[]
  /** What the receiver of the webhooks got, in this order. */
  received: Receipt[]
  /** Pids of processes that ended during the run, for any reason. */
  gone: Set<number>
  /** Descriptions of processes that ended without a signal of ours, or not as they were told. */
  surprises: string[]
}

export interface Order {
  number: number
  path: string
  /** Idempotency key; with one, the request is repeated until it is answered. */
  key?: string | undefined
  body: unknown
  /** Names of its tasks, which each has in its arguments. */
  names: string[]
  answer: 'open' | 'accepted' | 'refused' | 'unknown'
  ids: string[]
  /** Why it was refused, or what was wrong with the answer. */
  complaint?: string
}

/** Manual retries of a task; `unknown` counts requests without an answer, which may have taken effect. */
export interface Retries {
  accepted: number
  unknown: number
}

export interface Receipt {
  /** The header `webhook-id`. */
  id: string
  /** Path of the address. */
  webhook: string
  text: string
  /** It was answered with 204. */
  taken: boolean
}

export interface Blow {
  /** Postgres crashed: what was not on its disk is gone. */
  crash?: boolean
  at: number
  what: string
  /** The process that was hit. */
  pid?: number | undefined
  /** The process is a worker, and others may take its tasks over from here on. */
  deadly?: boolean
  /** No process can use the database. */
  outage?: boolean
}

export function openLedger(): Ledger {
  return {
    began: Date.now(),
    orders: [],
    cancelled: new Set(),
    retried: new Map(),
    blows: [],
    received: [],
    gone: new Set(),
    surprises: []
  }
}
