import { href } from '../state/browser/route.ts'
import type { Problem } from '../state/service/shapes.ts'
import { roomOf } from '../words/rooms.ts'

/** Behind the words about a problem: where its subject is, if it has a page. */
export function SubjectLink({ subject: { type, id } }: Pick<Problem, 'subject'>) {
  const room = roomOf(type, id)
  if (!room) return null
  return (
    <>
      {' · '}
      <a href={href(room)}>
        {type} {type === 'worker' ? '' : id}
      </a>
    </>
  )
}
