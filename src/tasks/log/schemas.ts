import { type Static, Type } from 'typebox'
import { Nullable } from '#schema/common.ts'

export const LogQuery = Type.Object(
  { attempt: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: 'Only this attempt' })) },
  { additionalProperties: false }
)

export const LogHeaders = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({
      pattern: '^(\\d{1,9}:\\d{1,15}(:end)?)?$',
      description: 'Of a stream: the `id` of the last event that the client has'
    })
  )
})

export const LogBody = Type.Object(
  {
    items: Type.Array(
      Type.Object(
        {
          attempt: Type.Integer({ description: 'Its number' }),
          from: Nullable(
            Type.Integer({
              description: 'Characters before the text that are not kept; null where that number is not known'
            })
          ),
          text: Type.String({ description: 'What its body logged and printed, the last 8,192 characters' }),
          ended: Type.Boolean({ description: 'Whether the attempt has ended' })
        },
        { title: 'AttemptLog' }
      ),
      { description: 'First to last, the newest 50' }
    )
  },
  { title: 'TaskLog' }
)
export type LogBody = Static<typeof LogBody>
