import type { CheckNeeds, Finding } from '../finding.ts'

export const checkAuditSql = `
select seals, lines, broken, why from darkroom.check_audit($1)`

// A second of work. Older seals were checked when they were younger.
const mostLines = 200_000

interface Row {
  seals: number
  lines: number
  broken: number | null
  why: string | null
}

/** Compares the audit with its seals. */
export async function checkAudit({ pool }: CheckNeeds): Promise<Finding[]> {
  const { rows } = await pool.query<Row>(checkAuditSql, [mostLines])
  const { broken, why, seals, lines } = rows[0]!
  if (broken === null) return []
  return [
    {
      code: 'audit_broken',
      severity: 'critical',
      what: `Seal ${broken} of the audit does not fit: ${why}`,
      why: 'Lines were changed, added or removed past the API, with the rights of the owner of the tables',
      evidence: { seal: broken, seals_read: seals, lines_read: lines },
      fix: `Compare "select * from darkroom.audit_seals where number >= ${broken - 1}" with the seals in the logs of the workers, and the audit with the last good backup`
    }
  ]
}
