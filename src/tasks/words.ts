import type { State } from '#database/tables.ts'

export const finalStates: readonly State[] = ['SUCCESS', 'FAILURE', 'REVOKED']

export const statuses = ['SCHEDULED', 'PENDING', 'PROCESSING', 'RETRYING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const
export type Status = (typeof statuses)[number]

/** The state that a status is the plain English of. */
export function stateOf(status: Status): State {
  return statesOfStatuses[status]
}

const statesOfStatuses: Record<Status, State> = {
  SCHEDULED: 'PENDING',
  PENDING: 'PENDING',
  PROCESSING: 'STARTED',
  RETRYING: 'RETRY',
  COMPLETED: 'SUCCESS',
  FAILED: 'FAILURE',
  CANCELLED: 'REVOKED'
}

export function isFinal(state: State) {
  return finalStates.includes(state)
}

/** The status of a state; a waiting task may be one whose time is to come. */
export function statusOfState(state: State, scheduled: boolean): Status {
  return state === 'PENDING' && scheduled ? 'SCHEDULED' : englishOf[state]
}

const englishOf: Record<State, Status> = {
  PENDING: 'PENDING',
  STARTED: 'PROCESSING',
  RETRY: 'RETRYING',
  SUCCESS: 'COMPLETED',
  FAILURE: 'FAILED',
  REVOKED: 'CANCELLED'
}

/** The state in plain English. Derived, never stored: a stored copy could disagree with the state. */
export function statusOf({ state, eta }: { state: State; eta: Date | null }): Status {
  return statusOfState(state, eta !== null && eta.getTime() > Date.now())
}
