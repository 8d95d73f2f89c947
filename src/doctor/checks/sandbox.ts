import { isProved } from '#media/lock/sandbox.ts'
import { findSandboxes, type SandboxOfWorker } from '#workers/sandboxes.ts'
import type { CheckNeeds, Finding } from '../finding.ts'

/** Workers whose decoders are not locked in. */
export async function checkSandbox({ pool }: CheckNeeds): Promise<Finding[]> {
  const open = (await findSandboxes(pool)).filter(({ sandbox }) => !isProved(sandbox))
  return open.map(describe)
}

function describe({ id, host, pid, sandbox, withheld }: SandboxOfWorker): Finding {
  const where = `the worker on ${host}, process ${pid}`
  const { files, network, missing } = sandbox
  const [first] = missing
  const off = first?.why.startsWith('MEDIA_SANDBOX=off') ?? false
  return {
    code: off ? 'media_sandbox_off' : 'media_unlocked',
    severity: withheld.length > 0 ? 'critical' : off ? 'notice' : 'warning',
    what: off
      ? `MEDIA_SANDBOX is off for ${where}`
      : `The media sandbox of ${where} has no proved ${missing.map(({ layer }) => layer).join(' and ')}: ${first?.why}`,
    why:
      withheld.length > 0
        ? 'Films wait, because MEDIA_SANDBOX is "required"'
        : "A crafted film that takes over ffmpeg can do what the worker's user can",
    evidence: { worker: id, files, network, missing },
    fix: first?.how ?? 'Restart the worker'
  }
}
