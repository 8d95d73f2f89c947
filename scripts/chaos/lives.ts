import type { State } from '#database/tables.ts'
import type { Event, TaskHistory, Try } from './history.ts'

/** From a task's beginning, or a manual retry, to its end. */
export interface Life {
  events: Event[]
  /** Attempts that were settled in it, with what they became. */
  settled: { attempt: number; state: State; at: number; entry: Try | undefined }[]
}

const lawful: Record<State, State[]> = {
  PENDING: ['STARTED', 'REVOKED'],
  // Back to PENDING: taken ahead, and put back before it began.
  STARTED: ['SUCCESS', 'FAILURE', 'RETRY', 'REVOKED', 'PENDING'],
  RETRY: ['STARTED', 'REVOKED'],
  SUCCESS: [],
  FAILURE: ['PENDING'],
  REVOKED: ['PENDING']
}

const final: State[] = ['SUCCESS', 'FAILURE', 'REVOKED']

/** Reads a task's events as the steps of its life, and says where one step cannot follow another. */
export function livesOf({ events, tries }: TaskHistory): { lives: Life[]; wrong: string[] } {
  const wrong: string[] = []
  const lives: Life[] = []
  let life: Life | undefined
  let before: Event | undefined
  /** The attempts that there have been so far, the one that runs included. */
  let number = 0

  for (const event of events) {
    const { state, attempt } = event
    if (!before && state !== 'PENDING') wrong.push(`its first event was ${state}`)
    if (before && !lawful[before.state].includes(state)) wrong.push(`after ${before.state} came ${state}`)
    if (!life || (before && final.includes(before.state))) {
      life = { events: [], settled: [] }
      lives.push(life)
    }
    life.events.push(event)

    if (state === 'STARTED') {
      if (attempt !== number + 1) wrong.push(`after attempt ${number} came attempt ${attempt}`)
      number = attempt
    } else if (before?.state === 'STARTED' && attempt === number - 1 && state !== 'SUCCESS' && state !== 'FAILURE') {
      number = attempt
    } else {
      if (attempt !== number) wrong.push(`${state} speaks of attempt ${attempt}, and it was at ${number}`)
      if (before?.state === 'STARTED') {
        life.settled.push({ attempt, state, at: event.at, entry: tries.find(entry => entry.number === attempt) })
      }
    }
    before = event
  }
  return { lives, wrong }
}
