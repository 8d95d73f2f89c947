import { session } from '../../state/service/session.ts'
import { At } from '../../ui/time.tsx'
import { limitsText } from '../../words/key.ts'

/** What this browser may do. */
export function SessionCard() {
  const now = session()
  if (!now) return null
  const limits = limitsText(now.limits)
  return (
    <section class="section about" aria-label="This session">
      <h2>This session</h2>
      <dl class="facts">
        <dt>{now.person === null ? 'Key' : 'Signed in by the proxy'}</dt>
        <dd>
          {now.key?.name ?? now.person ?? <span class="soft">none is needed: the service is open to this machine</span>}
        </dd>
        <dt>Scopes</dt>
        <dd>{now.scopes.join(', ')}</dd>
        {limits && (
          <>
            <dt>Limits</dt>
            <dd>{limits}</dd>
          </>
        )}
        {now.expires_at && (
          <>
            <dt>Ends</dt>
            <dd>
              <At time={now.expires_at} />, unless it is used
            </dd>
          </>
        )}
      </dl>
    </section>
  )
}
