import { href } from '../../state/browser/route.ts'
import type { Attempt, Task } from '../../state/service/shapes.ts'
import { now } from '../../state/service/time.ts'
import { bytesText, shortId } from '../../words/number.ts'
import { placed, stretchesOf } from '../../words/tasks/gantt.ts'
import { durationText } from '../../words/time.ts'
import { kinOf, Word } from '../status.tsx'
import { At, Span } from '../time.tsx'

/** A lane for each attempt: what it waited, and how it ran. */
export function Gantt({ task, attempts }: { task: Task; attempts: readonly Attempt[] }) {
  const end = task.finished_at ? Date.parse(task.finished_at) : now()
  const places = placed(stretchesOf(task.created_at, attempts, end))
  const lanes = Math.max(1, attempts.length + (places.some(({ attempt }) => attempt === attempts.length) ? 1 : 0))
  return (
    <ol class="gantt" aria-label="Attempts over time">
      {Array.from({ length: lanes }, (_, lane) => (
        <li key={lane} class="gantt-lane">
          <span class="gantt-name soft">{lane < attempts.length ? `Attempt ${lane + 1}` : 'Now'}</span>
          <span class="gantt-track">
            {places
              .filter(({ attempt }) => attempt === lane)
              .map(({ kind, left, width, folded, from, to }) => {
                const length = durationText((to - from) / 1000)
                const attempt = attempts[lane]
                const outcome = attempt?.outcome ?? (attempt ? 'running' : 'waiting')
                return (
                  <span
                    key={kind}
                    class={`gantt-bar ${kind}${folded ? ' folded' : ''} status-${kinOf(outcome)}`}
                    style={{ left: `${left * 100}%`, width: `max(3px, ${width * 100}%)` }}
                    title={kind === 'wait' ? `waited ${length}` : `${outcome}, ${length}`}
                  >
                    <span class="gantt-text">{kind === 'wait' ? `waited ${length}` : length}</span>
                  </span>
                )
              })}
          </span>
        </li>
      ))}
    </ol>
  )
}

/** The same for readers, and with more of each. */
export function AttemptTable({ attempts }: { attempts: readonly Attempt[] }) {
  return (
    <div class="table-place" role="region" aria-label="Attempts" tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            <th>Attempt</th>
            <th>Outcome</th>
            <th>Started</th>
            <th>Ran</th>
            <th>Worker</th>
            <th>Peak memory</th>
            <th>Exit</th>
          </tr>
        </thead>
        <tbody>
          {attempts.map(attempt => (
            <tr key={attempt.number}>
              <td class="number">{attempt.number}</td>
              <td>
                <Word word={attempt.outcome ?? 'running'} />
              </td>
              <td>
                <At time={attempt.started_at} />
              </td>
              <td>
                <Span from={attempt.started_at} to={attempt.finished_at} />
              </td>
              <td class="mono">
                {attempt.worker ? (
                  <a href={href(`/workers/${attempt.worker}`)} title={attempt.worker}>
                    {shortId(attempt.worker)}
                  </a>
                ) : (
                  '–'
                )}
              </td>
              <td class="number">{attempt.peak_memory === null ? '–' : bytesText(attempt.peak_memory)}</td>
              <td class="number">{attempt.signal ?? attempt.exit_code ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
