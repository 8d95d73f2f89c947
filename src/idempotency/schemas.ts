import { Type } from 'typebox'

/** For the documentation; `keyOf` is what checks it. */
export const IdempotencyKey = Type.Object({
  'Idempotency-Key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: '^[\\x21-\\x7e]+$',
      description:
        'Makes the request repeatable: for a day, the same request under the same key is executed once and gets the same answer'
    })
  )
})

export const Location = Type.String({ description: 'Address of what was created' })

/** Headers of a replayed answer. */
export const Replayed = {
  'Idempotency-Replayed': Type.Optional(
    Type.String({ description: '`true` if this is the answer to an earlier request with this key' })
  )
}
