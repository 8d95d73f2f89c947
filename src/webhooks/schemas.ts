import { type Static, Type } from 'typebox'
import { disabledReasons, messageTypes } from '#database/tables.ts'
import { List, Nullable, Page, Time } from '#schema/common.ts'

/** Those of a submission that names no types. */
export const usualTypes = ['task.completed', 'task.failed', 'task.cancelled', 'video.ready', 'video.failed'] as const

const deliveryStatuses = ['pending', 'delivered', 'failed'] as const
const Types = Type.Array(Type.Enum(messageTypes), {
  maxItems: messageTypes.length,
  uniqueItems: true,
  description:
    'What it is told of; default: ends of tasks, and films that are ready or failed. None: only of tasks that name it'
})
const Names = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
    minItems: 1,
    maxItems: 100,
    uniqueItems: true,
    description
  })
const queues = Nullable(Names('Only of tasks, pauses and problems of these queues; null: of all'))
const tasks = Nullable(Names('Only of tasks of these kinds; null: of all but internal ones'))
const include = Type.Array(Type.Enum(['result'] as const), {
  maxItems: 1,
  description: '`result`: messages about completed tasks hold the result, if it has at most 16 KiB and is readable yet'
})
const ordered = Type.Boolean({
  description:
    'Of one task or film the next message waits until the one before is delivered or given up; default: false'
})
const description = Nullable(Type.String({ maxLength: 500, description: 'What it is for' }))
const url = Type.String({
  minLength: 1,
  maxLength: 2048,
  description:
    'Where messages are sent to: `https://…` at a public address; `http://` and private addresses only where `WEBHOOK_ALLOW_NETWORKS` opens them'
})

const settings = {
  types: Type.Optional(Types),
  queues: Type.Optional(queues),
  tasks: Type.Optional(tasks),
  include: Type.Optional(include),
  ordered: Type.Optional(ordered),
  description: Type.Optional(description)
}

export const NewWebhook = Type.Object(
  { url, ...settings },
  {
    additionalProperties: false,
    title: 'NewWebhook',
    examples: [{ url: 'https://hooks.example/darkroom', types: ['task.failed', 'video.ready'] }]
  }
)
export type NewWebhook = Static<typeof NewWebhook>

export const WebhookPatch = Type.Object(
  {
    url: Type.Optional(url),
    ...settings,
    enabled: Type.Optional(
      Type.Boolean({
        description: 'A disabled one gets nothing. Enabling forgets its failures; a replay sends old ones'
      })
    )
  },
  { additionalProperties: false, title: 'WebhookPatch', minProperties: 1, examples: [{ enabled: true }] }
)
export type WebhookPatch = Static<typeof WebhookPatch>

const webhook = {
  id: Type.String({ description: 'Id (uuid)' }),
  url,
  types: Types,
  queues,
  tasks,
  include,
  ordered,
  description,
  enabled: Type.Boolean({ description: 'Whether messages are sent' }),
  disabled_reason: Nullable(
    Type.Enum(disabledReasons, {
      description:
        '`request`, `gone` (it answered 410) or `failing` (5 days of failures; its messages are kept for a replay)'
    })
  ),
  disabled_at: Nullable(Time('Since when it is disabled')),
  failures: Type.Integer({ description: 'Failed attempts since the last success' }),
  failing_since: Nullable(Time('The first of them')),
  old_secret_until: Nullable(Time('Until when messages are also signed with the secret before the last rotation')),
  created_at: Time('When it was made'),
  updated_at: Time('When it was changed')
}
const example = {
  id: '01980000-0000-7000-8000-000000000009',
  url: 'https://hooks.example/darkroom',
  types: ['task.failed', 'video.ready'],
  queues: null,
  tasks: null,
  include: [],
  ordered: false,
  description: null,
  enabled: true,
  disabled_reason: null,
  disabled_at: null,
  failures: 0,
  failing_since: null,
  old_secret_until: null,
  created_at: '2026-03-01T09:00:00.000Z',
  updated_at: '2026-03-01T09:00:00.000Z'
}
const secret = Type.String({ description: 'Verifies the messages (Standard Webhooks); no other answer shows it' })

export const WebhookBody = Type.Object(webhook, { title: 'Webhook', examples: [example] })
export type WebhookBody = Static<typeof WebhookBody>
export const WebhookWithSecret = Type.Object(
  { ...webhook, secret },
  {
    title: 'WebhookWithSecret',
    examples: [{ ...example, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=' }]
  }
)
export type WebhookWithSecret = Static<typeof WebhookWithSecret>
export const Webhooks = List(WebhookBody)

export const Rotation = Type.Object(
  {
    overlap: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 604_800,
        default: 86_400,
        description: 'Seconds for which messages are signed with the old secret, too'
      })
    )
  },
  { additionalProperties: false, default: {}, examples: [{ overlap: 86_400 }] }
)

export const Replay = Type.Object(
  {
    since: Type.Optional(Time('Messages from this time on')),
    until: Type.Optional(Time('Messages before this time; default: now')),
    message: Type.Optional(
      Type.String({ maxLength: 40, description: 'This one message (`msg_…`), instead of those of a time' })
    ),
    only: Type.Optional(
      Type.Enum(['failed', 'all'] as const, {
        description: '`failed` (default): those that were given up; `all`: also those that were delivered'
      })
    )
  },
  { additionalProperties: false, examples: [{ since: '2026-03-01T00:00:00Z', only: 'failed' }] }
)
export type Replay = Static<typeof Replay>
export const Replayed = Type.Object({
  replayed: Type.Integer({ description: 'Messages that are sent again' }),
  continue_since: Nullable(
    Time('There are more: a replay since this time goes on. One sends 10,000 messages at most, oldest first')
  )
})

const AttemptBody = Type.Object({
  number: Type.Integer({ description: 'From 1 on' }),
  at: Time('When it began'),
  ms: Type.Integer({ description: 'Milliseconds that it took' }),
  status: Nullable(Type.Integer({ description: 'HTTP status of the answer; null without one' })),
  error: Nullable(Type.String({ description: 'Why it failed; null if it delivered the message' })),
  answer: Nullable(Type.String({ description: 'First KiB of the body of the answer' }))
})

export const DeliveryBody = Type.Object(
  {
    id: Type.String({ description: 'The header `webhook-id`, the same in all attempts and replays' }),
    type: Type.Enum(messageTypes, { description: 'What happened' }),
    sequence: Type.Integer({ description: 'Of one task or film the later message has the greater one' }),
    task_id: Nullable(Type.String({ description: 'Task that it is about' })),
    video_id: Nullable(Type.String({ description: 'Film that it is about' })),
    status: Type.Enum(deliveryStatuses, {
      description: '`pending` (is sent, or tried again at `next_at`), `delivered`, or `failed`: given up'
    }),
    data: Type.Unknown({ description: 'What it says, but for `url`, `sequence` and `result`' }),
    created_at: Time('When it happened'),
    delivered_at: Nullable(Time('When it was delivered')),
    next_at: Nullable(Time('When it is tried again')),
    attempts: Type.Array(AttemptBody, { description: 'The newest 20 attempts, latest first' })
  },
  {
    title: 'Delivery',
    examples: [
      {
        id: 'msg_01980000-0000-7000-8000-00000000000b',
        type: 'task.failed',
        sequence: 17,
        task_id: '01980000-0000-7000-8000-000000000001',
        video_id: null,
        status: 'delivered',
        data: { id: '01980000-0000-7000-8000-000000000001', task: 'process_data', state: 'FAILURE', status: 'FAILED' },
        created_at: '2026-03-01T09:00:00.000Z',
        delivered_at: '2026-03-01T09:00:00.040Z',
        next_at: null,
        attempts: [{ number: 1, at: '2026-03-01T09:00:00.012Z', ms: 28, status: 204, error: null, answer: '' }]
      }
    ]
  }
)
export type DeliveryBody = Static<typeof DeliveryBody>
export const Deliveries = List(DeliveryBody)

export const DeliveryFilters = Type.Object(
  {
    ...Page.properties,
    status: Type.Optional(Type.Enum(deliveryStatuses, { description: 'Only those of this status' }))
  },
  { additionalProperties: false }
)
export type DeliveryFilters = Static<typeof DeliveryFilters>

export const TestSent = Type.Object({ id: Type.String({ description: 'Id of the message; the deliveries list it' }) })
