import type { Pool } from 'pg'
import { lease } from '#tasks/attempts/takers.ts'
import { type Desired, type Report, renew } from '#workers/presence.ts'
import type { Registration } from './registration.ts'

export interface Renewed {
  /** Desired state of the worker; null when another worker has declared this one lost. */
  desired: Desired | null
  /** Number of other workers that were found dead. */
  lost: number
}

interface OpenLeaseOptions {
  pool: Pool
  registration: Pick<Registration, 'id'>
}

/** Renews this worker's lease, and ends the leases of silent workers. */
export function openLease({ pool, registration }: OpenLeaseOptions) {
  // By both clocks: the wall clock may be set, and the monotonic one stands still while the machine sleeps.
  let renewedAt = performance.now()
  let renewedAtDate = Date.now()
  // After a gap of its own every other worker looks dead: each gets one lease of time to renew.
  let trustFrom = performance.now() + lease * 1000

  function noticeGap() {
    const gap = Math.max(performance.now() - renewedAt, Date.now() - renewedAtDate)
    if (gap > (lease / 2) * 1000) trustFrom = performance.now() + lease * 1000
  }

  return {
    async renew(report: Report): Promise<Renewed> {
      // Also before the query: the first answer after an outage shows every worker as silent as this one was.
      noticeGap()
      const renewed = await renew(pool, registration.id, report, performance.now() >= trustFrom)
      noticeGap()
      renewedAt = performance.now()
      renewedAtDate = Date.now()
      return renewed
    },
    /** Whether the database has answered within the lease. */
    isKept: () => performance.now() - renewedAt < lease * 1000
  }
}
