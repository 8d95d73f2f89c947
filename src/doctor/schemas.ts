import { type Static, Type } from 'typebox'
import { severities } from '#database/tables.ts'
import { List, Nullable, Page, Time } from '#schema/common.ts'
import { ActionBody } from '#tasks/why/routes.ts'

export const SeverityBody = Type.Enum(severities, { description: 'How bad it is' })

const SubjectBody = Type.Object(
  {
    type: Type.String({ minLength: 1, maxLength: 100, description: '`queue`, `kind`, `worker`, …' }),
    id: Type.String({ minLength: 1, maxLength: 2_000, description: 'Its id or name' })
  },
  { additionalProperties: false, description: 'What it is about' }
)

const code = Type.String({ description: 'Which problem, such as `queue_paused`; its meaning never changes' })
const since = Nullable(Time('Since when; null where that is unknown'))
const silenced_until = Nullable(Time('Until when webhooks are not told of it; null where they are'))
const actions = Type.Array(ActionBody, { description: 'Requests that mend it, the best first' })

export const CurrentProblem = Type.Object(
  {
    code,
    sentence: Type.String({ description: 'What is wrong and what mends it, for people' }),
    since,
    severity: SeverityBody,
    subject: SubjectBody,
    actions,
    opened_at: Nullable(Time('When it had stood for long enough to tell webhooks of it; null: not yet')),
    silenced_until
  },
  { title: 'CurrentProblem' }
)
export type CurrentProblem = Static<typeof CurrentProblem>

export const CurrentProblems = Type.Object({
  items: Type.Array(CurrentProblem, { description: 'Worst first, silenced ones last; empty when all is well' })
})

const states = ['open', 'closed'] as const

/** Its subject has two columns in SQL. */
export const ProblemRecord = Type.Object(
  {
    id: Type.String({ description: 'Id (uuid)' }),
    code,
    sentence: Type.String({ description: 'What is wrong and what mends it, as last seen' }),
    severity: SeverityBody,
    since,
    subject: SubjectBody,
    state: Type.Enum(states, { description: 'Whether it is open' }),
    opened_at: Time('When it had stood for long enough'),
    last_seen_at: Time('When it was there last'),
    gone_at: Nullable(Time('Since when it is not there any more; an open one closes once that is long enough ago')),
    closed_at: Nullable(Time('When it closed')),
    seconds: Type.Number({ description: 'For how long it was open, or is' }),
    flaps: Type.Integer({ description: 'How often it has come back, within an hour each time' }),
    told_at: Nullable(Time('When webhooks were told last that it is open; null: they were not')),
    silenced_until,
    actions
  },
  { title: 'ProblemRecord' }
)
export type ProblemRecord = Static<typeof ProblemRecord>
export const ProblemRecords = List(ProblemRecord)

export const HistoryFilters = Type.Object(
  { ...Page.properties, state: Type.Optional(Type.Enum(states, { description: 'Only those' })) },
  { additionalProperties: false }
)
export type HistoryFilters = Static<typeof HistoryFilters>

const reason = Type.Optional(Nullable(Type.String({ maxLength: 500, description: 'Why, for people' })))

export const NewSilence = Type.Object(
  {
    code: Type.String({ minLength: 1, maxLength: 100, pattern: '^[a-z_]+$', description: 'Which problem' }),
    subject: Type.Optional(Nullable(SubjectBody)),
    until: Type.Optional(Time('When it ends: within 30 days')),
    seconds: Type.Optional(
      Type.Number({ minimum: 1, maximum: 2_592_000, description: 'For how long, instead of until' })
    ),
    reason
  },
  {
    additionalProperties: false,
    title: 'NewSilence',
    examples: [
      {
        code: 'queue_old',
        subject: { type: 'queue', id: 'low_priority' },
        seconds: 28_800,
        reason: 'the import runs all night'
      }
    ]
  }
)
export type NewSilence = Static<typeof NewSilence>

export const SilenceBody = Type.Object(
  {
    id: Type.String({ description: 'Id (uuid)' }),
    code,
    subject: Nullable(SubjectBody),
    until: Time('When it ends'),
    reason: Nullable(Type.String({ description: 'Why' })),
    created_by: Nullable(Type.String({ description: 'Who asked for it' })),
    created_at: Time('When it was asked for')
  },
  { title: 'Silence' }
)
export type SilenceBody = Static<typeof SilenceBody>
export const Silences = Type.Object({ items: Type.Array(SilenceBody, { description: 'Those that end first, first' }) })
