import type { State } from '#database/tables.ts'
import type { Event, TaskHistory, Try } from '../history/history.ts'

/** A task from its submission, or from a manual retry, to its end. */
export interface Life {
  events: Event[]
  /** Attempts that were settled in it, with the state that followed. */
  settled: { attempt: number; state: State; at: number; entry: Try | undefined }[]
}

const lawful: Record<State, State[]> = {
  PENDING: ['STARTED', 'REVOKED'],
  // Back to PENDING: claimed ahead, and given back before its body started.
  STARTED: ['SUCCESS', 'FAILURE', 'RETRY', 'REVOKED', 'PENDING'],
  RETRY: ['STARTED', 'REVOKED'],
  SUCCESS: [],
  FAILURE: ['PENDING'],
  REVOKED: ['PENDING']
}

const final: State[] = ['SUCCESS', 'FAILURE', 'REVOKED']

/** Splits a task's events into lives and lists transitions that the state machine does not have. */
export function livesOf({ events, tries }: TaskHistory): { lives: Life[]; wrong: string[] } {
  const wrong: string[] = []
  const lives: Life[] = []
  let life: Life | undefined
  let before: Event | undefined
  /** Attempts so far, the running one included. */
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
      if (attempt !== number) wrong.push(`${state} names attempt ${attempt}, and the task was at ${number}`)
      if (before?.state === 'STARTED') {
        life.settled.push({ attempt, state, at: event.at, entry: tries.find(entry => entry.number === attempt) })
      }
    }
    before = event
  }
  return { lives, wrong }
}
