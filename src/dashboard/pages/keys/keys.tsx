import { go, query } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import { session } from '../../state/service/session.ts'
import type { Key } from '../../state/service/shapes.ts'
import { now } from '../../state/service/time.ts'
import { CopyAs } from '../../ui/copy.tsx'
import { LinkButton } from '../../ui/link-button.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, Refused, Waiting } from '../../ui/said.tsx'
import { Word } from '../../ui/status.tsx'
import { Ago } from '../../ui/time.tsx'
import { curlText } from '../../words/copy.ts'
import { limitsText, wordOf } from '../../words/key.ts'
import { plural } from '../../words/number.ts'
import { KeyButtons } from './act.tsx'
import { NewKey } from './new.tsx'
import { Sessions } from './sessions.tsx'
import { SigningKeys } from './signing.tsx'

export function Keys() {
  const found = useQuery<{ items: Key[] }>('/api/keys', 5)
  const keys = found.data.value?.items
  const active = keys?.filter(({ status }) => status === 'active') ?? []
  const ended = keys?.filter(({ status }) => status !== 'active') ?? []
  return (
    <Page
      title="Keys"
      busy={!keys && !found.error.value}
      actions={
        <>
          <CopyAs
            curl={curlText(serviceAddress, 'GET', '/api/keys')}
            cli="scripts/darkroom key list"
            sql="select * from ops.api_keys;"
          />
          <LinkButton to="/keys?new=1" icon="plus" look="main" needs="createKey">
            New key
          </LinkButton>
        </>
      }
    >
      <Refused query={found} />
      {!keys && !found.error.value && <Waiting />}
      {session()?.open && <Open />}
      {keys?.length === 0 && (
        <Empty title="There are no keys yet">
          <p>Programs and people send a key with each request; what it may do is in its scopes.</p>
        </Empty>
      )}
      {active.length > 0 && <List label="Keys" keys={active} />}
      {ended.length > 0 && (
        <section class="section">
          <h2>Ended</h2>
          <List label="Ended keys" keys={ended} />
        </section>
      )}
      {keys && <Sessions />}
      {keys && <SigningKeys />}
      {query.value.has('new') && <NewKey close={() => go('/keys')} />}
    </Page>
  )
}

/** While nothing is closed. */
function Open() {
  return (
    <section class="why" aria-label="Open to this machine">
      <p>
        No key is needed now: every program of this machine may do everything. The first key closes the service, also
        for this page. Begin with an <b>admin</b> key, and sign in with it.
      </p>
    </section>
  )
}

function List({ label, keys }: { label: string; keys: Key[] }) {
  return (
    <ul class="entries" aria-label={label}>
      {keys.map(key => (
        <Row key={key.id} item={key} />
      ))}
    </ul>
  )
}

function Row({ item }: { item: Key }) {
  const limits = limitsText(item.limits)
  const isMine = session()?.key?.id === item.id
  return (
    <li class="entry">
      <div class="entry-name">
        <b class="breaks">{item.name}</b>
        <span class="soft mono">dr_k_{item.id}_…</span>
      </div>
      <div class="entry-state">
        <Word word={wordOf(item, now())} />
        <span class="soft">
          <Ending item={item} />
        </span>
      </div>
      <div class="entry-name">
        <span>
          {item.scopes.join(', ')}
          {isMine && <span class="tag">this session</span>}
        </span>
        {limits && <span class="soft breaks">{limits}</span>}
        <span class="soft">
          {item.last_used_at ? (
            <>
              used <Ago time={item.last_used_at} />
            </>
          ) : (
            'never used'
          )}
          {item.sessions > 0 && `, ${plural(item.sessions, 'browser')} signed in`}
          {item.created_by !== null && `, made by ${item.created_by}`}
        </span>
      </div>
      <div class="buttons">{item.status === 'active' && <KeyButtons item={item} isMine={isMine} />}</div>
    </li>
  )
}

function Ending({ item: { revoked_at, revoked_by, expires_at, status } }: { item: Key }) {
  if (revoked_at) {
    return (
      <>
        <Ago time={revoked_at} />
        {revoked_by !== null && ` by ${revoked_by}`}
      </>
    )
  }
  if (expires_at === null) return <>does not expire</>
  return (
    <>
      {status === 'active' && 'ends '}
      <Ago time={expires_at} />
    </>
  )
}
