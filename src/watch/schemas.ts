import { type Static, Type } from 'typebox'
import { states } from '#database/tables.ts'
import { StatusAnswer } from '#tasks/schemas.ts'

/** What a watcher is told: the same answer as `GET /api/tasks/{id}/status`, again after each change. */
export const TaskMessage = StatusAnswer
export type TaskMessage = Static<typeof TaskMessage>

export const ChangeFilters = Type.Object(
  {
    task: Type.Optional(Type.String({ maxLength: 100, description: 'which kind of work' })),
    queue: Type.Optional(Type.String({ maxLength: 100 })),
    state: Type.Optional(Type.Enum(states))
  },
  { additionalProperties: false }
)
export type ChangeFilters = Static<typeof ChangeFilters>

// What a bigint of Postgres surely holds. Other texts are refused rather than taken for the beginning.
const place = 'the `id` of an event; 0 for all that is kept'
const EventId = Type.String({ pattern: '^[0-9]{1,18}$', description: place })

export const EventsQuery = Type.Object(
  { last_event_id: Type.Optional(EventId) },
  { additionalProperties: false, description: 'for clients that cannot send the header Last-Event-ID' }
)
// Empty is what some clients send that have not seen any: no browser does, which leaves the header out.
const LastEventId = Type.String({ pattern: '^[0-9]{0,18}$', description: `${place}; empty for none` })
export const EventsHeaders = Type.Object({ 'last-event-id': Type.Optional(LastEventId) })

/** What an upgrade is answered with. OpenAPI has no words for what follows. */
export const messages = {
  description: 'A WebSocket on which each message is a text: the JSON that `GET /api/tasks/{id}/status` answers'
}

/** Why a WebSocket ends. */
export const closings = {
  finished: [1000, 'The task is finished'],
  stopping: [1001, 'The server stops'],
  unwelcome: [1008, 'This socket is for listening'],
  broken: [1011, 'Something went wrong on our side'],
  slow: [1013, 'What was sent is not read fast enough'],
  unknown: [4404, 'There is no task with this id']
} as const satisfies Record<string, readonly [number, string]>
export type Closing = (typeof closings)[keyof typeof closings]
