import { useState } from 'preact/hooks'
import { go, query } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Webhook } from '../../state/service/shapes.ts'
import { AuditLink } from '../../ui/audit-link.tsx'
import { Button } from '../../ui/button.tsx'
import { CopyAs } from '../../ui/copy.tsx'
import { LinkButton } from '../../ui/link-button.tsx'
import { Rotate } from '../../ui/overlays/rotate.tsx'
import { Page } from '../../ui/page.tsx'
import { Refused, Waiting } from '../../ui/said.tsx'
import { Word } from '../../ui/status.tsx'
import { At, For } from '../../ui/time.tsx'
import { curlText, sqlText } from '../../words/copy.ts'
import { troubleOf, wordOf } from '../../words/webhook.ts'
import { pathOf, removeWebhook, SteerWebhook, TestButton } from './act.tsx'
import { Deliveries } from './deliveries.tsx'
import { WebhookDrawer } from './form.tsx'
import { Replay } from './replay.tsx'
import { Secret } from './secret.tsx'

export function WebhookPage({ id }: { id: string }) {
  const path = `/api/webhooks/${encodeURIComponent(id)}`
  const found = useQuery<Webhook>(path, 5)
  const webhook = found.data.value
  if (!webhook) {
    return (
      <Page title="Webhook" busy={!found.error.value}>
        <Refused query={found} />
        {!found.error.value && <Waiting />}
      </Page>
    )
  }
  return <Found webhook={webhook} />
}

function Found({ webhook }: { webhook: Webhook }) {
  const [open, setOpen] = useState<'rotate' | 'replay'>()
  // Resuming forgets since when it failed.
  const [from, setFrom] = useState<string>()
  const replay = (since: string | null) => {
    setFrom(since ?? undefined)
    setOpen('replay')
  }
  const close = () => setOpen(undefined)
  const missedSince = webhook.failing_since ?? webhook.disabled_at
  const trouble = troubleOf(webhook)
  return (
    <Page
      title={webhook.description ?? 'Webhook'}
      actions={<Acts webhook={webhook} missedSince={missedSince} replay={replay} rotate={() => setOpen('rotate')} />}
    >
      <p class="task-status">
        <Word word={wordOf(webhook)} />
        <span class="mono breaks">{webhook.url}</span>
      </p>
      {trouble && (
        <section class="why" aria-label="What is wrong">
          <p>{trouble}</p>
          {missedSince && (
            <p class="soft">
              It has been so <For since={missedSince} />.
            </p>
          )}
        </section>
      )}
      <Facts webhook={webhook} />
      <Deliveries webhook={webhook} />
      {open === 'rotate' && (
        <Rotate<{ secret: string }>
          title="Rotate the secret?"
          text="Messages are signed with a new secret, which is shown next."
          label="Sign with the old one, too, for"
          yes="Rotate secret"
          needs="rotateWebhook"
          path={pathOf(webhook)}
          done="The webhook has a new secret"
          close={close}
          shown={({ secret }) => <Secret title="The new secret" secret={secret} onClose={close} />}
        />
      )}
      {open === 'replay' && <Replay webhook={webhook} from={from} close={close} />}
      {query.value.has('edit') && <WebhookDrawer webhook={webhook} close={() => go(`/webhooks/${webhook.id}`)} />}
    </Page>
  )
}

interface ActsProps {
  webhook: Webhook
  missedSince: string | null
  replay(since: string | null): void
  rotate(): void
}

function Acts({ webhook, missedSince, replay, rotate }: ActsProps) {
  return (
    <>
      <TestButton webhook={webhook} />
      <SteerWebhook
        webhook={webhook}
        {...(webhook.disabled_reason !== 'request' && { resumed: () => replay(missedSince) })}
      />
      <LinkButton to={`/webhooks/${webhook.id}?edit=1`} icon="edit" needs="editWebhook">
        Edit
      </LinkButton>
      <Button
        icon="retry"
        needs="replayWebhook"
        disabled={!webhook.enabled}
        onClick={() => replay(webhook.failing_since)}
      >
        Replay
      </Button>
      <Button needs="rotateWebhook" onClick={rotate}>
        Rotate secret
      </Button>
      <Button icon="trash" needs="removeWebhook" onClick={() => removeWebhook(webhook)}>
        Delete
      </Button>
      <CopyAs
        curl={curlText(serviceAddress, 'GET', pathOf(webhook))}
        sql={`select * from ops.webhooks where id = ${sqlText(webhook.id)};`}
      />
    </>
  )
}

function Facts({ webhook }: { webhook: Webhook }) {
  return (
    <dl class="facts">
      <dt>Types</dt>
      <dd>{webhook.types.join(', ') || <span class="soft">only of tasks that name it</span>}</dd>
      <dt>Queues</dt>
      <dd>{webhook.queues?.join(', ') ?? <span class="soft">all</span>}</dd>
      <dt>Kinds</dt>
      <dd>{webhook.tasks?.join(', ') ?? <span class="soft">all but internal ones</span>}</dd>
      <dt>Order</dt>
      <dd>{webhook.ordered ? 'kept, for each task and film' : 'messages may overtake each other'}</dd>
      <dt>Results</dt>
      <dd>{webhook.include.includes('result') ? 'with those of completed tasks' : 'not sent'}</dd>
      {webhook.old_secret_until && (
        <>
          <dt>Old secret</dt>
          <dd>
            signs, too, until <At time={webhook.old_secret_until} />
          </dd>
        </>
      )}
      <dt>Audit</dt>
      <dd>
        <AuditLink type="webhook" id={webhook.id} />
      </dd>
      <dt>Made</dt>
      <dd>
        <At time={webhook.created_at} />
      </dd>
    </dl>
  )
}
