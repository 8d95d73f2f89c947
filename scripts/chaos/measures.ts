import type { History } from './history.ts'
import type { Blow } from './ledger.ts'

export interface Measures {
  /** Attempts that were taken over from somebody who was gone. */
  handedOn: number
  /** Attempts that were given back by a worker that stopped. */
  handedBack: number
  /** From the death of a worker to the moment that what it had ran again, at the longest. */
  longestTakeover: Span | undefined
  /** From the loss of the database to the next success, at the longest. */
  longestOutage: Span | undefined
}

export interface Span {
  milliseconds: number
  since: Blow
}

/** How long what took, read off the history. */
export function measure({ tasks, workers, ledger }: History): Measures {
  const taken = tasks.flatMap(task =>
    task.tries
      .filter(({ error }) => error?.message.startsWith('Its worker went away'))
      .map(entry => {
        const { pid } = workers.get(entry.worker) ?? {}
        const blow = ledger.blows.findLast(
          blow => blow.deadly && blow.pid === pid && blow.at >= entry.started_at - 1_000 && blow.at <= entry.finished_at
        )
        const again = task.events.find(({ state, attempt }) => state === 'STARTED' && attempt === entry.number + 1)
        return blow && again && { milliseconds: again.at - blow.at, since: blow }
      })
  )
  const ends = tasks
    .flatMap(({ tries }) => tries.filter(({ outcome }) => outcome === 'success').map(({ finished_at }) => finished_at))
    .sort((one, other) => one - other)
  const outages = ledger.blows
    .filter(({ outage }) => outage)
    .map(since => {
      // What was committed at that very moment does not count.
      const next = ends.find(end => end > since.at + 100)
      return next === undefined ? undefined : { milliseconds: next - since.at, since }
    })
  return {
    handedOn: taken.length,
    handedBack: tasks.flatMap(({ tries }) => tries).filter(({ outcome }) => outcome === 'shutdown').length,
    longestTakeover: longest(taken),
    longestOutage: longest(outages)
  }
}

function longest(spans: (Span | undefined)[]): Span | undefined {
  return spans
    .filter(span => span !== undefined)
    .sort((one, other) => other.milliseconds - one.milliseconds)
    .at(0)
}
