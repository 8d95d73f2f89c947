import { useState } from 'preact/hooks'
import { href } from '../../state/browser/route.ts'
import { readSetting } from '../../state/browser/settings.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Attempt, Page as Items, Task } from '../../state/service/shapes.ts'
import { Empty, Refused, Waiting } from '../../ui/said.tsx'
import { Ago } from '../../ui/time.tsx'
import { bytesText, plural, shortId } from '../../words/number.ts'
import { compareJson, lengthText, type Pair, pairOf } from '../../words/tasks/compare.ts'
import { durationText } from '../../words/time.ts'

/** Side by side with the last task of the kind that succeeded: what is different is marked. */
export function Compare({ task, attempts }: { task: Task; attempts: Attempt[] }) {
  const search = `task=${encodeURIComponent(task.task)}&status=COMPLETED&limit=2`
  const found = useQuery<Items<Task>>(`/api/tasks?${search}`, 60)
  const other = found.data.value?.items.find(({ id }) => id !== task.id)
  const theirs = useQuery<{ items: Attempt[] }>(other && `/api/tasks/${other.id}/attempts`).data.value?.items
  const [all, setAll] = useState(true)
  if (!found.data.value) return found.error.value ? <Refused query={found} /> : <Waiting />
  if (!other) {
    const of = task.status === 'COMPLETED' ? 'No other task' : 'No task'
    return <Empty title={`${of} of the kind ${task.task} has succeeded, so there is nothing to compare with`} />
  }

  const groups = groupsOf({ task, attempts }, { task: other, attempts: theirs ?? [] })
  const count = groups.flatMap(({ pairs }) => pairs).filter(({ differs }) => differs).length
  return (
    <>
      <div class="section-head">
        <p class="compare-said">
          The last success is{' '}
          <a class="mono" href={href(`/tasks/${other.id}`)}>
            {shortId(other.id)}
          </a>
          , finished <Ago time={other.finished_at} />.{' '}
          {count === 0 ? 'Nothing differs.' : `${plural(count, 'value')} differ${count === 1 ? 's' : ''}.`}
        </p>
        <label class="check">
          <input type="checkbox" checked={!all} onChange={event => setAll(!event.currentTarget.checked)} />
          Only differences
        </label>
      </div>
      <div class="table-place" role="region" aria-label="Comparison" tabIndex={0}>
        <table class="table compare">
          <thead>
            <tr>
              <th scope="col">
                <span class="only-heard">What</span>
              </th>
              <th scope="col">This task</th>
              <th scope="col">Last success</th>
            </tr>
          </thead>
          {groups.map(group => (
            <Group key={group.title} {...group} all={all} />
          ))}
        </table>
      </div>
    </>
  )
}

interface Side {
  task: Task
  attempts: Attempt[]
}

interface GroupProps {
  title: string
  pairs: Pair[]
  /** Said below the pairs. */
  note?: string | undefined
}

function groupsOf(mine: Side, other: Side): GroupProps[] {
  const args = compareJson(mine.task.args, other.task.args)
  // Without a result every value of the other would differ.
  const result = mine.task.result === null ? compareJson(null, null) : compareJson(mine.task.result, other.task.result)
  const rest = (more: boolean) => (more ? 'There are more values, which are not compared here.' : undefined)
  return [
    { title: 'Run', pairs: runOf(mine, other), note: ranNote(mine.task, other.task) },
    { title: 'Args', pairs: args.pairs, note: rest(args.more) },
    { title: 'Result', pairs: result.pairs, note: rest(result.more) }
  ]
}

/** A run never takes exactly as long as another: its times and its memory are shown, and marked where they are far apart. */
function runOf(mine: Side, other: Side): Pair[] {
  const ran = [ranOf(mine.task), ranOf(other.task)] as const
  const memory = [memoryOf(mine), memoryOf(other)] as const
  const size = (bytes: number | undefined) => (bytes === undefined ? undefined : bytesText(bytes))
  const span = (seconds: number | undefined) => (seconds === undefined ? undefined : durationText(seconds))
  return [
    pairOf('Status', mine.task.status, other.task.status),
    { path: 'Ran', mine: span(ran[0]), other: span(ran[1]), differs: isFar(...ran) },
    { path: 'Peak memory', mine: size(memory[0]), other: size(memory[1]), differs: isFar(...memory) },
    pairOf('Attempts', String(mine.task.attempts), String(other.task.attempts)),
    pairOf('Worker', worker(mine.task), worker(other.task)),
    pairOf('Queue', mine.task.queue, other.task.queue),
    pairOf('Priority', String(mine.task.priority), String(other.task.priority))
  ]
}

const worker = ({ worker }: Task) => (worker === null ? undefined : shortId(worker))

function ranOf({ started_at, finished_at }: Task) {
  return started_at && finished_at ? (Date.parse(finished_at) - Date.parse(started_at)) / 1000 : undefined
}

function memoryOf({ attempts }: Side) {
  const known = attempts.flatMap(({ peak_memory }) => peak_memory ?? [])
  return known.length === 0 ? undefined : Math.max(...known)
}

// Times as large or as small.
const far = 1.5

function isFar(mine: number | undefined, other: number | undefined) {
  if (mine === undefined || other === undefined) return mine !== other
  return Math.max(mine, other) > far * Math.min(mine, other)
}

function ranNote(mine: Task, other: Task) {
  const text = lengthText(ranOf(mine), ranOf(other))
  return text && `Its run took ${text}${text.startsWith('about') ? '' : ' than that of the last success'}.`
}

function Group({ title, pairs, note, all }: GroupProps & { all: boolean }) {
  const shown = pairs.filter(({ differs }) => all || differs)
  const hidden = title !== 'Run' && readSetting('hide')
  return (
    <tbody>
      <tr class="compare-title">
        <th scope="rowgroup" colSpan={3}>
          {title}
        </th>
      </tr>
      {shown.map(pair => (
        <tr key={pair.path} class={pair.differs ? 'differs' : undefined}>
          <th scope="row" class="mono">
            {pair.differs && (
              <span class="compare-mark">
                <span aria-hidden="true">≠</span>
                <span class="only-heard">differs: </span>
              </span>
            )}
            {pair.path || 'value'}
          </th>
          <Value text={hidden ? '•••' : pair.mine} />
          <Value text={hidden ? '•••' : pair.other} />
        </tr>
      ))}
      {(shown.length === 0 || note) && (
        <tr>
          <td colSpan={3} class="soft wraps">
            {shown.length === 0 && (pairs.length === 0 ? `This task has no ${title.toLowerCase()}. ` : 'The same. ')}
            {note}
          </td>
        </tr>
      )}
    </tbody>
  )
}

// Characters of a value.
const most = 400

function Value({ text }: { text: string | undefined }) {
  if (text === undefined) return <td class="soft">–</td>
  return <td class="mono wraps">{text.length > most ? `${text.slice(0, most)}…` : text}</td>
}
