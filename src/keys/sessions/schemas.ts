import { type Static, Type } from 'typebox'
import { scopes } from '#access/scopes.ts'
import { First, Nullable, Time } from '#schema/common.ts'
import { Limits } from '../schemas.ts'

export const SignIn = Type.Object(
  { key: Type.Optional(Type.String({ maxLength: 200, description: 'The key; not needed while no key is' })) },
  { additionalProperties: false, default: {}, examples: [{}] }
)

export const SessionBody = Type.Object(
  {
    key: Type.Unsafe<{ id: string; name: string } | null>(
      Nullable(
        Type.Object(
          { id: Type.String({ description: 'Its id' }), name: Type.String({ description: 'Its name' }) },
          { description: 'The key that has signed in; null where none is needed' }
        )
      )
    ),
    person: Nullable(Type.String({ description: 'Whom the proxy in front has signed in; null for a key' })),
    scopes: Type.Array(Type.Enum(scopes), { description: 'What it may do' }),
    limits: Limits,
    expires_at: Nullable(Time('When the session ends, unless it is used; null for a key itself')),
    open: Type.Boolean({ description: 'No key is needed' })
  },
  {
    title: 'Session',
    examples: [
      {
        key: { id: '8wK2vQz1Lp', name: 'anna' },
        person: null,
        scopes: ['read', 'submit', 'operate', 'play'],
        limits: {},
        expires_at: '2030-01-31T21:00:00.000Z',
        open: false
      }
    ]
  }
)
export type SessionBody = Static<typeof SessionBody>

export const SessionFilters = Type.Object(
  {
    ...First.properties,
    key_id: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'Id of a key: only its', examples: ['8wK2vQz1Lp'] })
    )
  },
  { additionalProperties: false }
)
export type SessionFilters = Static<typeof SessionFilters>

export const OpenSession = Type.Object(
  {
    id: Type.String({ description: 'Id' }),
    key: Type.Object(
      { id: Type.String({ description: 'Its id' }), name: Type.String({ description: 'Its name' }) },
      { description: 'The key that has signed in' }
    ),
    created_at: Type.Unsafe<Date>(Time('When it was opened')),
    seen_at: Type.Unsafe<Date>(Time('When it was used last, to the minute')),
    expires_at: Type.Unsafe<Date>(Time('When it ends, unless it is used')),
    address: Nullable(Type.String({ description: 'Where it was opened from' })),
    agent: Nullable(Type.String({ description: 'Browser, as it calls itself' })),
    mine: Type.Boolean({ description: 'It is the session of this request' })
  },
  {
    title: 'OpenSession',
    examples: [
      {
        id: '3fR7tYb2Kd',
        key: { id: '8wK2vQz1Lp', name: 'anna' },
        created_at: '2030-01-31T09:00:00.000Z',
        seen_at: '2030-01-31T09:20:00.000Z',
        expires_at: '2030-01-31T21:20:00.000Z',
        address: '192.0.2.7',
        agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
        mine: false
      }
    ]
  }
)
export type OpenSession = Static<typeof OpenSession>

export const Sessions = Type.Object({ items: Type.Array(OpenSession, { description: 'Newest first' }) })
