import { isOutage } from '#database/outage.ts'
import { severities } from '#database/tables.ts'
import { checkAudit } from './checks/audit.ts'
import { checkDatabase } from './checks/database.ts'
import { checkDoors } from './checks/doors.ts'
import { checkKeys } from './checks/keys.ts'
import { checkMachine } from './checks/machine.ts'
import { checkSandbox } from './checks/sandbox.ts'
import { checkTables } from './checks/tables.ts'
import { checkTransactions } from './checks/transactions.ts'
import { checkWorkers } from './checks/workers.ts'
import type { Check, CheckNeeds, Finding } from './finding.ts'

const checks: Record<string, Check> = {
  database: checkDatabase,
  transactions: checkTransactions,
  tables: checkTables,
  workers: checkWorkers,
  machine: checkMachine,
  sandbox: checkSandbox,
  audit: checkAudit,
  keys: checkKeys,
  doors: checkDoors
}

export const checkNames = Object.keys(checks)

/** A check that fails is a finding, too: the others still run. */
export async function examine(needs: CheckNeeds): Promise<Finding[]> {
  const found = await Promise.all(
    Object.entries(checks).map(([name, check]) =>
      check(needs).catch(error => {
        // Without the database there is nothing to examine.
        if (isOutage(error)) throw error
        return [failed(name, error)]
      })
    )
  )
  return found.flat().sort((one, other) => severities.indexOf(one.severity) - severities.indexOf(other.severity))
}

function failed(name: string, error: Error): Finding {
  return {
    code: 'check_failed',
    severity: 'warning',
    what: `The check "${name}" could not run: ${error.message}`,
    why: 'What it looks at is unknown',
    evidence: { check: name },
    fix: 'If the database role lacks a right: grant pg_monitor to it'
  }
}
