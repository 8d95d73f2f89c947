/** How an attempt ended. */
export interface Told {
  id: string
  webhook_id: string
  at: string
  ms: number
  status: number | null
  error: string | null
  answer: string | null
  address: string | null
  delivered: boolean
  /** Seconds until the next try; null where there is none. */
  delay: number | null
  /** The receiver wants nothing any more. */
  gone: boolean
  /** The webhook had failed since its last success. */
  failing: boolean
}
