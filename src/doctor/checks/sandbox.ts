import { isProved } from '#media/lock/sandbox.ts'
import { findSandboxes, type SandboxOfWorker } from '#workers/sandboxes.ts'
import type { CheckNeeds, Finding } from '../finding.ts'

/** Workers whose decoders are not locked in, or whose films are encoded in another way than was asked for. */
export async function checkSandbox({ pool }: CheckNeeds): Promise<Finding[]> {
  const sandboxes = await findSandboxes(pool)
  const open = sandboxes.filter(({ sandbox }) => !isProved(sandbox))
  const unused = sandboxes.filter(({ sandbox }) => sandbox.hardware?.encoders.length === 0)
  return [...open.map(describe), ...unused.map(describeUnused)]
}

/** HARDWARE asks for what the worker has not. */
function describeUnused({ id, host, pid, sandbox }: SandboxOfWorker): Finding {
  const { failures } = sandbox.hardware!
  return {
    code: 'hardware_unused',
    severity: 'notice',
    what: `HARDWARE is set for the worker on ${host}, process ${pid}, and no encoder in hardware works: ${failures.join('; ')}`,
    why: 'Its films are encoded in software, on the processor',
    evidence: { worker: id, failures },
    fix: 'Give the worker the card, its driver and an ffmpeg that has the encoder, and restart it; or unset HARDWARE'
  }
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
