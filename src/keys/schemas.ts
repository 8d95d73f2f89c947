import { type Static, Type } from 'typebox'
import { presetNames, scopes } from '#access/scopes.ts'
import { Nullable, Time } from '#schema/common.ts'

const Names = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { minItems: 1, maxItems: 100, description })
const Count = (maximum: number, description: string) => Type.Integer({ minimum: 0, maximum, description })
// Further checked by the handler, which knows prefixes.
const Network = Type.String({ maxLength: 50, pattern: '^[0-9a-fA-F.:]+(/[0-9]{1,3})?$' })

export const Limits = Type.Object(
  {
    kinds: Type.Optional(Names('Kinds whose tasks it may submit, schedule and steer')),
    queues: Type.Optional(Names('Queues that these tasks may be in')),
    max_priority: Type.Optional(Count(9, 'Highest priority')),
    max_pending: Type.Optional(Count(1_000_000, 'Unfinished tasks of its own at a time')),
    max_time_limit: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 31_536_000, description: 'Longest `time_limit` in seconds' })
    ),
    max_retries: Type.Optional(Count(10_000, 'Most retries of a task')),
    max_upload_bytes: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 2 ** 53 - 1, description: 'Bytes of its largest upload' })
    ),
    rate: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100_000, description: 'Requests a second; 100 by default' })
    ),
    burst: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Requests at once; 500 by default' })
    ),
    networks: Type.Optional(
      Type.Array(Network, {
        minItems: 1,
        maxItems: 100,
        description: 'Networks that it may be used from',
        examples: [['10.1.0.0/16']]
      })
    ),
    own: Type.Optional(Type.Boolean({ description: 'It sees and steers only what it has created' }))
  },
  {
    additionalProperties: false,
    title: 'KeyLimits',
    description: 'What it may not go beyond; without a field there is no such limit',
    examples: [{ kinds: ['process_data'], max_priority: 5, own: true }]
  }
)

export const Scopes = Type.Array(Type.Enum(scopes), {
  minItems: 1,
  maxItems: scopes.length,
  description: 'What it may do'
})

export const NewKey = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100, description: 'Name; what it creates says it in `created_by`' }),
    preset: Type.Optional(Type.Enum(presetNames, { description: 'Usual scopes; instead of `scopes`' })),
    scopes: Type.Optional(Scopes),
    limits: Type.Optional(Limits),
    expires_at: Type.Optional(
      Nullable(Time('When it ends by itself, at most 365 days from now; null, the default: never'))
    )
  },
  {
    additionalProperties: false,
    examples: [
      { name: 'shop', preset: 'submitter', limits: { kinds: ['process_data'], max_pending: 100 } },
      { name: 'grafana', scopes: ['metrics'], expires_at: null }
    ]
  }
)
export type NewKey = Static<typeof NewKey>

export const Rotation = Type.Object(
  {
    overlap: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 31_536_000,
        default: 86_400,
        description: 'Seconds during which the old key works, too'
      })
    )
  },
  { additionalProperties: false, default: {}, examples: [{ overlap: 3600 }] }
)

const key = {
  id: Type.String({ description: 'Id, a part of the key: `dr_k_<id>_…`' }),
  name: Type.String({ description: 'Name' }),
  scopes: Scopes,
  limits: Limits,
  status: Type.Enum(['active', 'expired', 'revoked'], { description: 'Whether it opens the door' }),
  sessions: Type.Integer({ description: 'Browsers that are signed in with it' }),
  created_at: Type.Unsafe<Date>(Time('When it was made')),
  created_by: Nullable(Type.String({ description: 'Name of the key that made it; `cli`, or `ADMIN_KEY_FILE`' })),
  expires_at: Type.Unsafe<Date | null>(Nullable(Time('When it ends by itself'))),
  last_used_at: Type.Unsafe<Date | null>(Nullable(Time('When it was used last, to the minute'))),
  revoked_at: Type.Unsafe<Date | null>(Nullable(Time('When it was revoked'))),
  revoked_by: Nullable(Type.String({ description: 'Name of the key that revoked it; `cli`' })),
  replaced_by: Nullable(Type.String({ description: 'Id of the key that a rotation made' }))
}
const example = {
  id: '8wK2vQz1Lp',
  name: 'shop',
  scopes: ['submit'],
  limits: { own: true },
  status: 'active',
  sessions: 0,
  created_at: '2030-01-31T09:00:00.000Z',
  created_by: 'admin',
  expires_at: null,
  last_used_at: null,
  revoked_at: null,
  revoked_by: null,
  replaced_by: null
}

export const KeyBody = Type.Object(key, { title: 'Key', examples: [example] })
export type KeyBody = Static<typeof KeyBody>

export const KeyWithSecret = Type.Object(
  { ...key, key: Type.String({ description: 'The key itself, which only this answer shows' }) },
  {
    title: 'NewKey',
    examples: [{ ...example, key: 'dr_k_8wK2vQz1Lp_5gVn0Xh3mYt7Rb1Kc9Ws4Qe8Jz2Lf6Pd0Ua3Ti7Vo5Ny1W3hX9q' }]
  }
)
export type KeyWithSecret = Static<typeof KeyWithSecret>

export const Keys = Type.Object({ items: Type.Array(KeyBody, { description: 'Newest first' }) })
