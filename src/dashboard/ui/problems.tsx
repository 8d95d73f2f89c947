import { ActionButton } from '../pages/task/parts.tsx'
import { href } from '../state/route.ts'
import type { Problem } from '../state/shapes.ts'
import { roomOf } from '../words/rooms.ts'
import { Icon } from './icons.tsx'
import { Ago } from './time.tsx'

/** Each with its sentence, its age and the button that mends it. */
export function Problems({ problems }: { problems: readonly Problem[] }) {
  return (
    <ul class="problems">
      {problems.map(({ code, sentence, since, severity, subject, actions }) => {
        const room = roomOf(subject.type, subject.id)
        return (
          <li key={`${code} ${subject.id}`} class={`problem ${severity}`}>
            <Icon name="errors" />
            <div class="problem-text">
              <p class="breaks">{sentence}</p>
              <p class="soft">
                {severity}
                {since && (
                  <>
                    , since <Ago time={since} />
                  </>
                )}
                {room && (
                  <>
                    {' · '}
                    <a href={href(room)}>
                      {subject.type} {subject.type === 'worker' ? '' : subject.id}
                    </a>
                  </>
                )}
              </p>
            </div>
            <div class="buttons">
              {actions.map((action, index) => (
                <ActionButton key={action.url + action.label} action={action} main={index === 0} />
              ))}
            </div>
          </li>
        )
      })}
    </ul>
  )
}
