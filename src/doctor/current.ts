import type { Pool } from 'pg'
import { activeSilences, silencedUntil } from './alerts/silences.ts'
import { findProblems, type ProblemNeeds } from './problems.ts'
import type { CurrentProblem } from './schemas.ts'

interface Mark {
  code: string
  subject_type: string
  subject_id: string
  opened_at: Date
}

export const openProblemsSql = `
select code, subject_type, subject_id, opened_at from darkroom.problems
where closed_at is null and opened_at is not null`

/** What is wrong at this moment, with what webhooks were told of it. Silenced ones come last. */
export async function currentProblems(needs: ProblemNeeds): Promise<CurrentProblem[]> {
  const [found, marks, silences] = await Promise.all([
    findProblems(needs),
    openProblems(needs.pool),
    activeSilences(needs.pool)
  ])
  const problems = found.map(problem => {
    const { code, subject, since } = problem
    const mark = marks.find(
      mark => mark.code === code && mark.subject_type === subject.type && mark.subject_id === subject.id
    )
    return {
      ...problem,
      since: iso(since),
      opened_at: iso(mark?.opened_at),
      silenced_until: iso(silencedUntil(problem, silences))
    }
  })
  const isSilenced = ({ silenced_until }: CurrentProblem) => Number(silenced_until !== null)
  return problems.sort((one, other) => isSilenced(one) - isSilenced(other))
}

async function openProblems(pool: Pool): Promise<Mark[]> {
  return (await pool.query<Mark>(openProblemsSql)).rows
}

function iso(time: Date | null | undefined) {
  return time?.toISOString() ?? null
}
