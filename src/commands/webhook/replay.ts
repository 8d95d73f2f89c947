import { WrongUse } from '../failures.ts'
import { show } from '../screen/print.ts'
import type { Replayed } from '../service/bodies.ts'
import { webhookId } from '../service/find.ts'
import type { Service } from '../service/service.ts'

interface Wanted {
  json?: boolean
  since?: string
  until?: string
  message?: string
  only?: 'failed' | 'all'
}

/** A request sends 10,000 messages at most: as many requests as it takes. */
export async function replayMessages(service: Service, word: string, { json, ...wanted }: Wanted) {
  if ((wanted.since === undefined) === (wanted.message === undefined)) {
    throw new WrongUse('One of --since and --message says which messages are sent again')
  }
  const path = `api/webhooks/${await webhookId(service, word)}/replay`
  let replayed = 0
  for (let since = wanted.since; ; ) {
    const answer = await service.request<Replayed>('POST', path, { body: { ...wanted, ...(since && { since }) } })
    replayed += answer.replayed
    if (!answer.continue_since || answer.continue_since === since) break
    since = answer.continue_since
  }
  show({ replayed }, { json, text: () => `Messages that are sent again: ${replayed}` })
}
