import type { Pool } from 'pg'
import { dueLoop } from '#database/due-loop.ts'
import { expire } from './expire.ts'

interface ExpirerOptions {
  pool: Pool
  onExpired(ids: string[]): void
}

/** Revokes tasks that have not started by their deadline. Each API has one; a worker's claim revokes late tasks too. */
export function expirer({ pool, onExpired }: ExpirerOptions) {
  return dueLoop({
    async look() {
      const { revoked, come, next } = await expire(pool)
      if (revoked.length > 0) onExpired(revoked)
      return { moved: come > 0, next }
    }
  })
}

export type Expirer = ReturnType<typeof expirer>
