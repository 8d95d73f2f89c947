import { act } from '../../state/acts/act.ts'
import { confirm } from '../../state/acts/confirm.ts'
import { go } from '../../state/browser/route.ts'
import type { Webhook } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'

export const pathOf = ({ id }: Pick<Webhook, 'id'>) => `/api/webhooks/${id}`

interface ActProps {
  webhook: Webhook
  /** In a list, where each row has this button. */
  named?: boolean
}

export function TestButton({ webhook, named = false }: ActProps) {
  return (
    <Button
      needs="testWebhook"
      disabled={!webhook.enabled}
      onClick={() => act('A test message is on its way', 'POST', `${pathOf(webhook)}/test`)}
    >
      Send test{named && <span class="only-heard"> to {webhook.url}</span>}
    </Button>
  )
}

/** Pause or Resume, whichever it needs. */
export function SteerWebhook({ webhook, named = false, resumed }: ActProps & { resumed?: () => void }) {
  const name = named && <span class="only-heard"> {webhook.url}</span>
  if (webhook.enabled) {
    return (
      <Button
        key="pause"
        icon="pause"
        needs="editWebhook"
        onClick={() =>
          confirm({
            title: 'Pause this webhook?',
            text: `Nothing is sent to ${webhook.url} until it is resumed, and what happens meanwhile is not kept for it.`,
            yes: 'Pause webhook',
            needs: 'editWebhook',
            act: () => act('The webhook is paused', 'PATCH', pathOf(webhook), { body: { enabled: false } })
          })
        }
      >
        Pause{name}
      </Button>
    )
  }
  return (
    <Button
      key="resume"
      icon="play"
      look="main"
      needs="editWebhook"
      onClick={async () => {
        const done = await act('The webhook is resumed', 'PATCH', pathOf(webhook), { body: { enabled: true } })
        if (done) resumed?.()
      }}
    >
      Resume{name}
    </Button>
  )
}

export function removeWebhook(webhook: Webhook) {
  confirm({
    title: 'Delete this webhook?',
    text: `Messages to ${webhook.url} that wait are not sent any more, and the list of its messages goes with it.`,
    yes: 'Delete webhook',
    needs: 'removeWebhook',
    danger: true,
    grave: true,
    act: async () => {
      if (await act('The webhook is deleted', 'DELETE', pathOf(webhook))) go('/webhooks')
    }
  })
}
