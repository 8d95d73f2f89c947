import { useState } from 'preact/hooks'
import { tell } from '../../state/acts/act.ts'
import { randomName } from '../../state/browser/random.ts'
import { go } from '../../state/browser/route.ts'
import { type ApiError, request } from '../../state/service/api.ts'
import { refreshAll, useQuery } from '../../state/service/query.ts'
import type { Kind, Queue, Webhook } from '../../state/service/shapes.ts'
import { Field } from '../../ui/forms/field.tsx'
import { FormDrawer } from '../../ui/forms/form-drawer.tsx'
import { NameChecks } from '../../ui/forms/name-checks.tsx'
import { fieldError } from '../../ui/said.tsx'
import { bodyOf, draftOf, type HookDraft, messageTypes } from '../../words/webhook.ts'
import { pathOf } from './act.tsx'
import { Secret } from './secret.tsx'

interface WebhookDrawerProps {
  /** The one that is changed; without it a new one is made. */
  webhook?: Webhook
  close(): void
}

/** Makes or changes a webhook, beside the page. */
export function WebhookDrawer({ webhook, close }: WebhookDrawerProps) {
  const [draft, setDraft] = useState(() => draftOf(webhook))
  const [made, setMade] = useState<Webhook & { secret: string }>()
  const { error, save } = useSaving(webhook, draft, saved => {
    tell(webhook ? 'The webhook is saved' : 'The webhook is made')
    void refreshAll()
    if (webhook) close()
    else setMade(saved as Webhook & { secret: string })
  })
  const title = webhook ? 'Edit webhook' : 'New webhook'
  if (made) {
    return <Secret title="The webhook is made" secret={made.secret} onClose={() => go(`/webhooks/${made.id}`)} />
  }
  return (
    <FormDrawer
      title={title}
      error={error}
      label={webhook ? 'Save' : 'Create'}
      needs={webhook ? 'editWebhook' : 'addWebhook'}
      onSubmit={save}
      onClose={close}
    >
      <Fields draft={draft} change={part => setDraft(draft => ({ ...draft, ...part }))} error={error} />
    </FormDrawer>
  )
}

/** One key for each form: a double click makes one webhook. */
function useSaving(webhook: Webhook | undefined, draft: HookDraft, then: (saved: Webhook) => void) {
  const [error, setError] = useState<ApiError | undefined>()
  const [key, setKey] = useState(randomName)
  async function save() {
    try {
      const body = bodyOf(draft)
      const saved = webhook
        ? await request<Webhook>('PATCH', pathOf(webhook), { body })
        : await request<Webhook>('POST', '/api/webhooks', { body, headers: { 'idempotency-key': key } })
      then(saved)
    } catch (failure) {
      setError(failure as ApiError)
      setKey(randomName())
    }
  }
  return { error, save }
}

interface FieldsProps {
  draft: HookDraft
  change(part: Partial<HookDraft>): void
  error: ApiError | undefined
}

function Fields({ draft, change, error }: FieldsProps) {
  const said = (field: string) => fieldError(error, field)
  const urlHint = 'https at a public address; other places need WEBHOOK_ALLOW_NETWORKS'
  return (
    <>
      <Field label="URL" hint={urlHint} wrong={said('url')}>
        {attributes => (
          <input
            {...attributes}
            class="mono"
            type="url"
            spellcheck={false}
            autocomplete="off"
            placeholder="https://hooks.example/darkroom"
            value={draft.url}
            onInput={event => change({ url: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Description" wrong={said('description')}>
        {attributes => (
          <input
            {...attributes}
            value={draft.description}
            onInput={event => change({ description: event.currentTarget.value })}
          />
        )}
      </Field>
      <NameChecks
        legend="Types"
        hint={draft.types.length === 0 ? 'None: it is told only of tasks that name this webhook' : undefined}
        wrong={said('types')}
        names={messageTypes}
        chosen={draft.types}
        change={types => change({ types })}
      />
      <Narrow draft={draft} change={change} error={error} />
      <label class="check">
        <input
          type="checkbox"
          checked={draft.ordered}
          onChange={event => change({ ordered: event.currentTarget.checked })}
        />
        In order: of one task or film the next waits for the one before
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={draft.results}
          onChange={event => change({ results: event.currentTarget.checked })}
        />
        With the result of completed tasks
      </label>
    </>
  )
}

/** Of which tasks it is told; usually of all. */
function Narrow({ draft, change, error }: FieldsProps) {
  const queues = useQuery<{ items: Queue[] }>('/api/queues').data.value?.items ?? []
  const kinds = useQuery<{ items: Kind[] }>('/api/kinds').data.value?.items ?? []
  const [open] = useState(draft.queues.length + draft.tasks.length > 0)
  return (
    <details open={open}>
      <summary>Only some tasks</summary>
      <NameChecks
        legend="Queues"
        hint={draft.queues.length === 0 ? 'None chosen: all queues' : undefined}
        wrong={fieldError(error, 'queues')}
        names={queues.map(({ name }) => name)}
        chosen={draft.queues}
        change={queues => change({ queues })}
      />
      <NameChecks
        legend="Kinds"
        hint={draft.tasks.length === 0 ? 'None chosen: all kinds but internal ones' : undefined}
        wrong={fieldError(error, 'tasks')}
        names={kinds.map(({ name }) => name)}
        chosen={draft.tasks}
        change={tasks => change({ tasks })}
      />
    </details>
  )
}
