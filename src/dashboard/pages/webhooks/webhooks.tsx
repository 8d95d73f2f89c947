import { go, href, query } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Page as Items, Webhook } from '../../state/service/shapes.ts'
import { CopyAs } from '../../ui/copy.tsx'
import { LinkButton } from '../../ui/link-button.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, Refused, Waiting } from '../../ui/said.tsx'
import { Word } from '../../ui/status.tsx'
import { For } from '../../ui/time.tsx'
import { curlText } from '../../words/copy.ts'
import { toldOf, wordOf } from '../../words/webhook.ts'
import { SteerWebhook, TestButton } from './act.tsx'
import { WebhookDrawer } from './form.tsx'
import { Last } from './last.tsx'

export function Webhooks() {
  const found = useQuery<Items<Webhook>>('/api/webhooks?limit=200', 5)
  const webhooks = found.data.value?.items
  return (
    <Page
      title="Webhooks"
      busy={!webhooks && !found.error.value}
      actions={
        <>
          <CopyAs curl={curlText(serviceAddress, 'GET', '/api/webhooks')} sql="select * from ops.webhooks;" />
          <LinkButton to="/webhooks?new=1" icon="plus" look="main" needs="addWebhook">
            New webhook
          </LinkButton>
        </>
      }
    >
      <Refused query={found} />
      {!webhooks && !found.error.value && <Waiting />}
      {webhooks?.length === 0 && (
        <Empty title="There are no webhooks yet">
          <p>A webhook is an address of yours that is told when a task or a film has ended.</p>
        </Empty>
      )}
      <ul class="entries" aria-label="Webhooks">
        {webhooks?.map(webhook => (
          <Row key={webhook.id} webhook={webhook} />
        ))}
      </ul>
      {query.value.has('new') && <WebhookDrawer close={() => go('/webhooks')} />}
    </Page>
  )
}

function Row({ webhook }: { webhook: Webhook }) {
  return (
    <li class="entry">
      <div class="entry-name">
        <a class="cut-off" href={href(`/webhooks/${webhook.id}`)}>
          {webhook.url}
        </a>
        <span class="soft breaks">{webhook.description ?? toldOf(webhook)}</span>
      </div>
      <div class="entry-state">
        <Word word={wordOf(webhook)} />
        {webhook.disabled_at && (
          <span class="soft">
            <For since={webhook.disabled_at} />
          </span>
        )}
      </div>
      <Last webhook={webhook} />
      <div class="buttons">
        <TestButton webhook={webhook} named />
        <SteerWebhook webhook={webhook} named />
      </div>
    </li>
  )
}
