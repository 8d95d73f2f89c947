import { go, query, withQuery } from '../../state/route.ts'
import type { Attempt, Task } from '../../state/shapes.ts'
import { CopyButton } from '../../ui/copy.tsx'
import { Empty } from '../../ui/said.tsx'

/** What an attempt logged and printed. */
export function Log({ attempts }: { task: Task; attempts: Attempt[] }) {
  const asked = Number(query.value.get('attempt'))
  const attempt = attempts.find(({ number }) => number === asked) ?? attempts.at(-1)
  if (!attempt) return <Empty title="It has not started, so there is no log" />
  const text = attempt.stderr ?? ''
  return (
    <>
      <div class="section-head">
        <label class="check">
          <span class="soft">Attempt</span>
          <select
            value={attempt.number}
            onChange={event => go(withQuery({ attempt: event.currentTarget.value }), { replace: true })}
          >
            {attempts.map(({ number }) => (
              <option key={number} value={number}>
                {number}
              </option>
            ))}
          </select>
        </label>
        {text && <CopyButton text={text} label="Copy the log" />}
      </div>
      {text === '' ? <Empty title="It has logged nothing" /> : <Lines text={text} />}
    </>
  )
}

export function Lines({ text }: { text: string }) {
  return (
    <pre class="log" tabIndex={0} role="region" aria-label="Log">
      {text}
    </pre>
  )
}
