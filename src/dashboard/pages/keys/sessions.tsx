import { act } from '../../state/acts/act.ts'
import { confirm } from '../../state/acts/confirm.ts'
import { useQuery } from '../../state/service/query.ts'
import type { OpenSession } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { Ago } from '../../ui/time.tsx'
import { browserText } from '../../words/browser.ts'

const path = '/api/sessions'

/** Browsers that are signed in; nothing where there are none. */
export function Sessions() {
  const sessions = useQuery<{ items: OpenSession[] }>(path, 10).data.value?.items
  if (!sessions || sessions.length === 0) return null
  return (
    <section class="section" aria-label="Sessions">
      <h2>Signed in</h2>
      <ul class="entries" aria-label="Sessions">
        {sessions.map(each => (
          <Row key={each.id} item={each} />
        ))}
      </ul>
    </section>
  )
}

function Row({ item }: { item: OpenSession }) {
  const { id, key, created_at, seen_at, expires_at, address, agent, mine } = item
  return (
    <li class="entry">
      <div class="entry-name">
        <span>
          <b class="breaks">{key.name}</b>
          {mine && <span class="tag">this session</span>}
        </span>
        <span class="soft breaks" title={agent ?? undefined}>
          {address ?? 'unknown address'}
          {agent !== null && `, ${browserText(agent)}`}
        </span>
      </div>
      <div class="entry-state">
        <span>
          used <Ago time={seen_at} />
        </span>
        <span class="soft">
          ends <Ago time={expires_at} />
        </span>
      </div>
      <span class="soft">
        opened <Ago time={created_at} />
      </span>
      <div class="buttons">
        <Button icon="cancel" needs="endSession" onClick={() => end(id, key.name, mine)}>
          Sign out<span class="only-heard"> {key.name}</span>
        </Button>
      </div>
    </li>
  )
}

function end(id: string, name: string, isMine: boolean) {
  const mine = isMine ? ' It is this one: the page will ask for a key.' : ''
  confirm({
    title: `Sign out a browser of ${name}?`,
    text: `What it has open ends. With its key it can sign in again, unless that is revoked.${mine}`,
    yes: 'Sign out',
    needs: 'endSession',
    danger: true,
    act: () => act('The browser is signed out', 'DELETE', `${path}/${id}`)
  })
}
