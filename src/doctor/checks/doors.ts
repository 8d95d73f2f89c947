import { isLoopback } from '#outbound/addresses.ts'
import type { CheckNeeds, Finding } from '../finding.ts'

/** A service that the world is to reach, and that asks for no key. */
export async function checkDoors({ door: { isOpen, isOpenToOthers, publicUrl } }: CheckNeeds): Promise<Finding[]> {
  if (!isOpen() || isOpenToOthers || publicUrl === undefined || isLoopback(new URL(publicUrl).hostname)) return []
  return [
    {
      code: 'open_behind_proxy',
      severity: 'warning',
      what: `PUBLIC_URL is ${publicUrl}, and there is no key`,
      why: 'What a proxy sends for public addresses is refused if it names them, as in X-Forwarded-For; a proxy that names none opens everything to them',
      evidence: { public_url: publicUrl },
      fix: 'darkroom key create --preset admin; or AUTH=off if the proxy asks for a password'
    }
  ]
}
