import { type Static, Type } from 'typebox'
import { List, Nullable, Page, Time } from '#schema/common.ts'

export const actorKinds = ['key', 'session', 'proxy', 'sql', 'cli', 'anonymous', 'system'] as const

export const LineBody = Type.Object(
  {
    id: Type.String({ description: 'Id (uuid)' }),
    at: Time('When'),
    actor: Type.Object(
      {
        kind: Type.Enum(actorKinds, {
          description:
            '`key`, `session`, `proxy`; `anonymous`: without a key; `sql`: a role of Postgres; `cli`: a command on this machine; `system`: Darkroom'
        }),
        id: Nullable(Type.String({ description: 'Id of the key or session' })),
        name: Nullable(Type.String({ description: 'Name of the key, role or account' }))
      },
      { description: 'Who' }
    ),
    action: Type.String({ description: 'What, such as `queue.pause`' }),
    target: Type.Object(
      {
        type: Type.String({ description: '`task`, `video`, `schedule`, `queue`, `worker`, `webhook`, …' }),
        id: Nullable(
          Type.String({ description: 'Its id or name; null where there were many, of which `detail` has the `count`' })
        )
      },
      { description: 'To what' }
    ),
    outcome: Type.Enum(['done', 'refused'], {
      description: '`refused`: requests that were not allowed, gathered by address and minute'
    }),
    ip: Nullable(Type.String({ description: 'Address that it came from' })),
    request_id: Nullable(Type.String({ description: '`X-Request-Id` of the answer; null outside of HTTP' })),
    detail: Type.Object({}, { additionalProperties: true, description: 'What else is known of the act' })
  },
  {
    title: 'AuditLine',
    examples: [
      {
        id: '01980000-0000-7000-8000-000000000005',
        at: '2026-11-02T12:00:03.000Z',
        actor: { kind: 'anonymous', id: null, name: null },
        action: 'queue.pause',
        target: { type: 'queue', id: 'media' },
        outcome: 'done',
        ip: '127.0.0.1',
        request_id: '0b0c1a9e-1d5e-4a8e-9c0f-4c5d0f6f9f3a',
        detail: { reason: 'the disk is full', until: null }
      }
    ]
  }
)
export type LineBody = Static<typeof LineBody>

export const LinePage = List(LineBody)

const filter = (description: string, ...examples: string[]) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 300, description, examples }))

export const LineFilters = Type.Object(
  {
    ...Page.properties,
    actor: filter('Kind, id or name of the actor', 'sql', 'nightly'),
    action: filter('One action, or all of a type', 'queue.pause', 'queue.*'),
    target: filter('Id or name of the target, its type, or both', 'media', 'queue', 'queue:media'),
    outcome: Type.Optional(Type.Enum(['done', 'refused'], { description: 'Only these' })),
    since: Type.Optional(Time('Lines from this time on'))
  },
  { additionalProperties: false }
)
export type LineFilters = Static<typeof LineFilters>
