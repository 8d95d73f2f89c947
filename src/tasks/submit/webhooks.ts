import type { Pool } from 'pg'
import { isUuid } from '#schema/common.ts'

export const findWebhookIdSql = `
select from darkroom.webhooks where id = $1`

// Milliseconds. A list of ten thousand tasks that name one webhook looks it up once.
const freshFor = 1_000

/** Webhooks that a submission may name. */
export function webhookIds(query: (text: string, values: unknown[]) => Promise<{ rows: unknown[] }>) {
  const found = new Map<string, number>()
  return {
    async has(id: string) {
      if (!isUuid(id)) return false
      if (performance.now() - (found.get(id) ?? Number.NEGATIVE_INFINITY) < freshFor) return true
      found.clear()
      const { rows } = await query(findWebhookIdSql, [id])
      if (rows.length > 0) found.set(id, performance.now())
      return rows.length > 0
    }
  }
}

export type Webhooks = Pick<ReturnType<typeof webhookIds>, 'has'>

export function webhooksIn(pool: Pool) {
  return webhookIds((text, values) => pool.query(text, values))
}
