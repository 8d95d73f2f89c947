import { useLayoutEffect, useRef } from 'preact/hooks'
import { go, query, withQuery } from '../../state/browser/route.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Attempt, AttemptLog, Task } from '../../state/service/shapes.ts'
import { CopyButton } from '../../ui/copy.tsx'
import { Empty } from '../../ui/said.tsx'
import { exactCount } from '../../words/number.ts'

/** What an attempt logged and printed; of a running one each second. */
export function Log({ task, attempts }: { task: Task; attempts: Attempt[] }) {
  const asked = Number(query.value.get('attempt'))
  const attempt = attempts.find(({ number }) => number === asked) ?? attempts.at(-1)
  const path = attempt && `/api/tasks/${encodeURIComponent(task.id)}/log?attempt=${attempt.number}`
  const found = useQuery<{ items: AttemptLog[] }>(path, answer => (answer?.items[0]?.ended ? 60 : 1))
  if (!attempt) return <Empty title="It has not started, so there is no log" />
  const { from = 0, text = '', ended = true } = found.data.value?.items[0] ?? {}
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
      {from !== 0 && (
        <p class="soft">
          {from === null ? 'Earlier lines are' : `${exactCount(from)} earlier characters are`} not kept.
        </p>
      )}
      {text === '' ? (
        <Empty title={ended ? 'It has logged nothing' : 'It has logged nothing yet'} />
      ) : (
        <Lines text={text} />
      )}
    </>
  )
}

/** A reader at its end stays there; one who has scrolled up is left alone. */
function Lines({ text }: { text: string }) {
  const box = useRef<HTMLPreElement>(null)
  const isAtEnd = useRef(true)
  useLayoutEffect(() => {
    if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight
  }, [text])
  return (
    <pre
      class="log"
      tabIndex={0}
      role="region"
      aria-label="Log"
      ref={box}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        isAtEnd.current = scrollTop + clientHeight > scrollHeight - 8
      }}
    >
      {text}
    </pre>
  )
}
