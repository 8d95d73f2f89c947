import type { Violation } from '../rules/violation.ts'
import type { History, TaskHistory } from './history.ts'
import { measure, type Span } from './measures.ts'

/** Orders, outcomes, blows and the longest recovery times. */
export function summary(history: History): string {
  const { ledger, tasks } = history
  const { handedOn, handedBack, longestRecovery, longestRestart, longestOutage } = measure(history)
  const answers = count(ledger.orders.map(({ answer }) => answer))
  const entries = tasks.flatMap(({ tries }) => tries)
  return table({
    orders: `${ledger.orders.length} (${list(answers)})`,
    occurrences: occurrencesOf(history),
    messages: `${history.messages.length}, received ${ledger.received.length} times`,
    'under a key': ledger.orders.filter(({ key }) => key !== undefined).length,
    tasks: `${tasks.length} (${list(count(tasks.map(({ state }) => state)))})`,
    attempts: `${entries.length} (${list(count(entries.map(({ outcome }) => outcome)))})`,
    'cancel requests': ledger.cancelled.size,
    'manual retries': [...ledger.retried.values()].reduce((sum, { accepted }) => sum + accepted, 0),
    'taken over, given back': `${handedOn}, ${handedBack}`,
    'longest from a kill to recovery': span(longestRecovery, ledger.began),
    'longest from a kill to running again': span(longestRestart, ledger.began),
    'longest from an outage to the next success': span(longestOutage, ledger.began),
    blows: ledger.blows.length,
    ...Object.fromEntries(Object.entries(count(ledger.blows.map(({ what }) => `  ${what}`))).sort())
  })
}

function occurrencesOf({ schedules }: History) {
  const all = schedules.flatMap(({ occurrences }) => occurrences.map(({ outcome }) => outcome))
  return `${all.length} of ${schedules.length} schedules (${list(count(all))})`
}

/** A violation with the history of its task in order of time. */
export function describe({ rule, what, task }: Violation, began: number): string {
  return [`NOT TRUE: ${rule}`, `  ${what}`, ...(task ? story(task, began) : [])].join('\n')
}

function story(task: TaskHistory, began: number): string[] {
  const { id, order, queue, state, attempts, failures, crashes, max_retries, error } = task
  const lines = [
    ...task.events.map(({ at, state, attempt }) => ({ at, text: `${state} ${attempt}` })),
    ...task.tries.map(({ finished_at, number, outcome, worker, error }) => ({
      at: finished_at,
      text: `attempt ${number} of worker ${worker} is recorded as ${outcome} ${error?.message ?? ''}`
    })),
    ...task.runs.flatMap(({ attempt, pid, worker, began, last, ended }) => [
      { at: began, text: `body of attempt ${attempt} begins in process ${pid} of worker process ${worker}` },
      { at: last, text: `body of attempt ${attempt} in process ${pid} ${ended ?? 'last heard of'}` }
    ])
  ].sort((one, other) => one.at - other.at)
  return [
    `  ${task.task} ${id}, order ${order}, in ${queue}: ${state} ${error ? JSON.stringify(error) : ''}`,
    `  attempts ${attempts}, failures ${failures} of ${max_retries}, crashes ${crashes}`,
    ...task.jobs.map(({ name, state, retry_count, output }) => {
      return `  job ${state} in ${name}, retry_count ${retry_count}, output ${JSON.stringify(output)}`
    }),
    ...lines.map(({ at, text }) => `  ${((at - began) / 1000).toFixed(3).padStart(9)} s  ${text}`)
  ]
}

export function count(words: string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1
  return counts
}

export function list(counts: Record<string, number>) {
  return Object.entries(counts)
    .map(([word, times]) => `${times} ${word}`)
    .join(', ')
}

function span(span: Span | undefined, began: number) {
  if (span === undefined) return '–'
  const { milliseconds, since, task } = span
  const what = [since.what, `${((since.at - began) / 1000).toFixed(1)} s`, task?.id].filter(Boolean).join(', ')
  return `${(milliseconds / 1000).toFixed(1)} s (${what})`
}

function table(rows: Record<string, string | number>) {
  const width = Math.max(...Object.keys(rows).map(name => name.length))
  return Object.entries(rows)
    .map(([name, value]) => `${name.padEnd(width)}  ${value}`)
    .join('\n')
}
