import type { Pool } from 'pg'
import type { Problem } from '../problem.ts'

interface Row {
  kind: string
  failed: number
  ended: number
  /** Share of the day before, from 0 to 1; 0 where nothing ended. */
  usual: number
}

// Minutes, and failures in that time: fewer say nothing about a kind.
const recent = 15
const fewest = 10

/** Kinds of which tasks fail now, with what is usual for them; from the charts, so tasks themselves are not read. */
export const failingKindsSql = `
with recent as (
  select task, sum(failed)::int as failed, sum(failed + succeeded)::int as ended
  from darkroom.minutes where minute > now() - interval '${recent} minutes'
  group by task having sum(failed) >= ${fewest}
)
select recent.task as kind, recent.failed, recent.ended, coalesce(before.share, 0)::float8 as usual
from recent cross join lateral (
  select sum(h.failed)::numeric / nullif(sum(h.failed + h.succeeded), 0) as share
  from darkroom.hours h
  where h.hour > now() - interval '1 day' and h.hour < now() - interval '1 hour' and h.task = recent.task
) before
order by recent.task limit 100`

/** Half of all, or a tenth where that is three times what is usual. */
function isUnusual({ failed, ended, usual }: Row) {
  const share = failed / ended
  return share >= 0.5 || (share >= 0.1 && share >= 3 * usual)
}

export async function failureProblems(pool: Pool): Promise<Problem[]> {
  const { rows } = await pool.query<Row>(failingKindsSql)
  return rows.filter(isUnusual).map(problemOf)
}

function problemOf({ kind, failed, ended, usual }: Row): Problem {
  return {
    code: 'kind_failing',
    sentence: `${failed} of the last ${ended} tasks of the kind "${kind}" failed, within ${recent} minutes (${percent(usual)} in the day before): GET /api/errors?task=${encodeURIComponent(kind)} groups them by cause; mend that and retry them`,
    since: null,
    severity: 'warning',
    subject: { type: 'kind', id: kind },
    actions: []
  }
}

function percent(share: number) {
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`
}
