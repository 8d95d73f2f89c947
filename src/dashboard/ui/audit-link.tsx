import { href } from '../state/browser/route.ts'
import { lacks } from '../state/service/session.ts'
import { Lacking } from './lacking.tsx'

/** Leads to the lines of the audit about one thing. */
export function AuditLink({ type, id }: { type: string; id: string }) {
  const lacking = lacks('listAudit')
  if (lacking) {
    return (
      <span class="soft">
        <Lacking scope={lacking} />
      </span>
    )
  }
  return (
    <a href={href(`/audit?target=${encodeURIComponent(`${type}:${id}`)}`)}>
      who did what<span class="only-heard"> to {type}</span>
    </a>
  )
}
