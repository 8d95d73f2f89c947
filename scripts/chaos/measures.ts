import type { History } from './history.ts'

export interface Measures {
  /** Attempts that were taken over from somebody who was gone. */
  handedOn: number
  /** Attempts that were given back by a worker that stopped. */
  handedBack: number
  /** Milliseconds from the death of a worker to the moment that what it had ran again, at the longest. */
  longestTakeover: number | undefined
  /** Milliseconds from the loss of the database to the next end of a task, at the longest. */
  longestOutage: number | undefined
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
        return blow && again ? again.at - blow.at : undefined
      })
  )
  const ends = tasks
    .flatMap(({ tries }) => tries.filter(({ outcome }) => outcome === 'success').map(({ finished_at }) => finished_at))
    .sort((one, other) => one - other)
  const outages = ledger.blows
    .filter(({ outage }) => outage)
    .map(({ at }) => {
      const next = ends.find(end => end > at + 100)
      return next === undefined ? undefined : next - at
    })
  return {
    handedOn: taken.length,
    handedBack: tasks.flatMap(({ tries }) => tries).filter(({ outcome }) => outcome === 'shutdown').length,
    longestTakeover: longest(taken),
    longestOutage: longest(outages)
  }
}

function longest(times: (number | undefined)[]) {
  const known = times.filter(time => time !== undefined)
  return known.length > 0 ? Math.max(...known) : undefined
}
