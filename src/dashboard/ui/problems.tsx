import type { ComponentChildren } from 'preact'
import type { Problem } from '../state/service/shapes.ts'
import { ActionButton } from './action-button.tsx'
import { Icon } from './icons.tsx'
import { SubjectLink } from './subject-link.tsx'
import { Ago, For } from './time.tsx'

interface ProblemsProps {
  problems: readonly Problem[]
  /** Beside the buttons of each. */
  more?(problem: Problem): ComponentChildren
}

/** Each with its sentence, its age and the button that mends it. */
export function Problems({ problems, more }: ProblemsProps) {
  return (
    <ul class="problems">
      {problems.map(problem => {
        const { code, sentence, since, severity, subject, actions, opened_at, silenced_until } = problem
        return (
          <li key={`${code} ${subject.id}`} class={`problem ${silenced_until === null ? severity : 'notice'}`}>
            <Icon name="errors" />
            <div class="problem-text">
              <p class="breaks">{sentence}</p>
              <p class="soft">
                {severity}, {code}
                {since && (
                  <>
                    , <For since={since} />
                  </>
                )}
                {silenced_until !== null && (
                  <>
                    , silenced, ends <Ago time={silenced_until} />
                  </>
                )}
                {more && opened_at === null && ', webhooks are not told yet'}
                <SubjectLink subject={subject} />
              </p>
            </div>
            <div class="buttons">
              {actions.map((action, index) => (
                <ActionButton key={action.url + action.label} action={action} main={index === 0} />
              ))}
              {more?.(problem)}
            </div>
          </li>
        )
      })}
    </ul>
  )
}
