import type { Pool } from 'pg'

export interface Silence {
  code: string
  subject_type: string | null
  subject_id: string | null
  until: Date
}

export const activeSilencesSql = `
select code, subject_type, subject_id, until from darkroom.problem_silences where until > now()`

/** Those that have not ended. */
export async function activeSilences(pool: Pick<Pool, 'query'>): Promise<Silence[]> {
  return (await pool.query<Silence>(activeSilencesSql)).rows
}

interface Named {
  code: string
  subject: { type: string; id: string }
}

/** Until when webhooks are not told of a problem; null where they are. */
export function silencedUntil({ code, subject }: Named, silences: readonly Silence[]): Date | null {
  const ends = silences
    .filter(silence => silence.code === code)
    .filter(({ subject_type: type, subject_id: id }) => type === null || (type === subject.type && id === subject.id))
    .map(({ until }) => until.getTime())
  return ends.length === 0 ? null : new Date(Math.max(...ends))
}
