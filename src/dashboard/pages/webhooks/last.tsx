import { useQuery } from '../../state/service/query.ts'
import type { Delivery, Page, Webhook } from '../../state/service/shapes.ts'
import { Word } from '../../ui/status.tsx'
import { Ago } from '../../ui/time.tsx'
import { answerText } from '../../words/webhook.ts'

/** What became of its latest message. */
export function Last({ webhook }: { webhook: Webhook }) {
  const found = useQuery<Page<Delivery>>(`/api/webhooks/${webhook.id}/deliveries?limit=1`, 10).data.value
  const last = found?.items[0]
  if (!last) return <span class="soft">{found ? 'nothing was sent yet' : ''}</span>
  return (
    <span class="entry-said">
      <Word word={last.status} />
      <span class="cut-off">{answerText(last)}</span>
      <span class="soft">
        <Ago time={last.created_at} />
      </span>
    </span>
  )
}
