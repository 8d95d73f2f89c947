import type { Pool } from 'pg'
import { severities } from '#database/tables.ts'
import { causes } from './alerts/causes.ts'
import type { Problem } from './problem.ts'
import { diskProblems } from './problems/disk.ts'
import { doorProblems } from './problems/doors.ts'
import { failureProblems } from './problems/failures.ts'
import { keyProblems } from './problems/keys.ts'
import { kindProblems } from './problems/kinds.ts'
import { lockProblems } from './problems/locks.ts'
import { queueProblems } from './problems/queues.ts'
import { sandboxProblems } from './problems/sandbox.ts'
import { scheduleProblems } from './problems/schedules.ts'
import { versionProblems } from './problems/versions.ts'
import { webhookProblems } from './problems/webhooks.ts'
import { workerProblems } from './problems/workers.ts'

export interface ProblemNeeds {
  pool: Pool
  /** Where the films are. */
  dataDir: string
}

/** Everything that is wrong now, worst first; of equal ones causes before consequences, and the longest-lasting first. */
export async function findProblems({ pool, dataDir }: ProblemNeeds): Promise<Problem[]> {
  const found = await Promise.all([
    workerProblems(pool),
    queueProblems(pool),
    kindProblems(pool),
    scheduleProblems(pool),
    lockProblems(pool),
    diskProblems(dataDir),
    sandboxProblems(pool),
    webhookProblems(pool),
    keyProblems(pool),
    doorProblems(pool),
    failureProblems(pool),
    versionProblems(pool)
  ])
  const rank = ({ severity, code }: Problem) => 2 * severities.indexOf(severity) - Number(causes.includes(code))
  const time = ({ since }: Problem) => since?.getTime() ?? Number.POSITIVE_INFINITY
  return found.flat().sort((one, other) => rank(one) - rank(other) || compare(time(one), time(other)))
}

function compare(one: number, other: number) {
  return one === other ? 0 : one < other ? -1 : 1
}
