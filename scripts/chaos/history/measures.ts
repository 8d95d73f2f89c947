import type { Blow } from '../ledger.ts'
import type { History, TaskHistory } from './history.ts'

export interface Measures {
  /** Attempts taken over from a worker that was gone. */
  handedOn: number
  /** Attempts given back by a stopping worker. */
  handedBack: number
  /** The longest time from the death of a worker to the recovery of one of its tasks. */
  longestRecovery: Span | undefined
  /** The longest time from the death of a worker to the next start of one of its tasks, which queues as others do. */
  longestRestart: Span | undefined
  /** The longest time from the loss of the database to the next success. */
  longestOutage: Span | undefined
}

export interface Span {
  milliseconds: number
  since: Blow
  task?: TaskHistory
}

/** Counts and times of recovery, from the history. */
export function measure({ tasks, workers, ledger }: History): Measures {
  const orphans = tasks.flatMap(task =>
    task.tries
      .filter(({ error }) => error?.message.startsWith('Its worker went away'))
      .map(entry => {
        const { pid } = workers.get(entry.worker) ?? {}
        const blow = ledger.blows.findLast(
          blow => blow.deadly && blow.pid === pid && blow.at >= entry.started_at - 1_000 && blow.at <= entry.finished_at
        )
        const given = task.events.findIndex(({ state, attempt }) => state === 'RETRY' && attempt === entry.number)
        // A task that was cancelled while it waited has no next start.
        const again = given < 0 || task.events[given + 1]?.state !== 'STARTED' ? undefined : task.events[given + 1]
        return blow && { since: blow, task, taken: entry.finished_at, again: again?.at }
      })
  )
  const ends = tasks
    .flatMap(({ tries }) => tries.filter(({ outcome }) => outcome === 'success').map(({ finished_at }) => finished_at))
    .sort((one, other) => one - other)
  const outages = ledger.blows
    .filter(({ outage }) => outage)
    .map(since => {
      // A commit at that very moment may be from before the blow.
      const next = ends.find(end => end > since.at + 100)
      return span({ since }, next)
    })
  return {
    handedOn: orphans.length,
    handedBack: tasks.flatMap(({ tries }) => tries).filter(({ outcome }) => outcome === 'shutdown').length,
    longestRecovery: longest(orphans.map(orphan => orphan && span(orphan, orphan.taken))),
    longestRestart: longest(orphans.map(orphan => orphan && span(orphan, orphan.again))),
    longestOutage: longest(outages)
  }
}

function span({ since, task }: Pick<Span, 'since' | 'task'>, until: number | undefined): Span | undefined {
  return until === undefined ? undefined : { milliseconds: until - since.at, since, ...(task && { task }) }
}

function longest(spans: (Span | undefined)[]): Span | undefined {
  return spans
    .filter(span => span !== undefined)
    .sort((one, other) => other.milliseconds - one.milliseconds)
    .at(0)
}
