import type { Pool } from 'pg'
import { isProved } from '#media/lock/sandbox.ts'
import { findSandboxes } from '#workers/sandboxes.ts'
import type { Problem } from '../problem.ts'

/** Films that wait for a sandbox, and workers that go on without; not those that were told to. */
export async function sandboxProblems(pool: Pool): Promise<Problem[]> {
  const all = await findSandboxes(pool)
  const open = all.filter(
    ({ sandbox }) => !isProved(sandbox) && !sandbox.missing[0]?.why.startsWith('MEDIA_SANDBOX=off')
  )
  const [worst] = open.toSorted((one, other) => other.withheld.length - one.withheld.length)
  if (!worst) return []
  const noneTakes = worst.withheld.length > 0 && all.every(({ withheld }) => withheld.length > 0)
  const { why, how } = worst.sandbox.missing[0]!
  return [
    {
      code: 'media_unlocked',
      sentence: noneTakes
        ? `Films wait, because MEDIA_SANDBOX is "required" and no worker has proved its sandbox (${why}). ${how}`
        : `ffmpeg is not fully locked in on ${worst.host} (${why}). ${how}`,
      since: worst.started_at,
      severity: noneTakes ? 'critical' : 'warning',
      subject: { type: 'worker', id: worst.id },
      actions: []
    }
  ]
}
