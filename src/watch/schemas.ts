import { type Static, Type } from 'typebox'
import { states } from '#database/tables.ts'
import { StatusAnswer } from '#tasks/schemas.ts'

/** The message to a watcher: what `GET /api/tasks/{id}/status` answers, again after each change. */
export const TaskMessage = StatusAnswer
export type TaskMessage = Static<typeof TaskMessage>

export const ChangeFilters = Type.Object(
  {
    task: Type.Optional(Type.String({ maxLength: 100, description: 'Only tasks of this kind' })),
    queue: Type.Optional(Type.String({ maxLength: 100, description: 'Only tasks in this queue' })),
    state: Type.Optional(Type.Enum(states, { description: 'Only changes to this state' }))
  },
  { additionalProperties: false }
)
export type ChangeFilters = Static<typeof ChangeFilters>

// 18 digits always fit a Postgres bigint. Other strings are refused; reading them as 0 would replay everything.
const place = '`id` of the last event that was seen; 0 replays all that are kept'
const EventId = Type.String({ pattern: '^[0-9]{1,18}$', description: place })

export const EventsQuery = Type.Object(
  { last_event_id: Type.Optional(EventId) },
  { additionalProperties: false, description: 'For clients that cannot send the header Last-Event-ID' }
)
// Some clients send an empty string before their first event; browsers leave the header out.
const LastEventId = Type.String({ pattern: '^[0-9]{0,18}$', description: `${place}; empty for none` })
export const EventsHeaders = Type.Object({ 'last-event-id': Type.Optional(LastEventId) })

/** The answer to an upgrade; OpenAPI cannot describe the messages that follow. */
export const messages = {
  description: 'A WebSocket; each message is the JSON that `GET /api/tasks/{id}/status` answers'
}

/** Close codes of a WebSocket. */
export const closings = {
  finished: [1000, 'The task is finished'],
  stopping: [1001, 'The API stops: connect again'],
  unwelcome: [1008, 'The client sends messages, and this socket takes none'],
  talkative: [1008, 'The client sends binary messages, or more than its view can change'],
  revoked: [4401, 'The key or the session has ended'],
  unfit: [4400, 'The message does not fit'],
  broken: [1011, 'The API failed: its log says why'],
  slow: [1013, 'The client reads too slowly'],
  missed: [1013, 'Changes were missed: connect again, and read what you need'],
  unknown: [4404, 'There is no task with this id']
} as const satisfies Record<string, readonly [number, string]>
export type Closing = readonly [number, string]
