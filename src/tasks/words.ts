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

/** The state in plain English. Derived, never stored: a stored copy could disagree with the state. */
export function statusOf({ state, eta }: { state: State; eta: Date | null }): Status {
  switch (state) {
    case 'PENDING':
      return eta !== null && eta.getTime() > Date.now() ? 'SCHEDULED' : 'PENDING'
    case 'STARTED':
      return 'PROCESSING'
    case 'RETRY':
      return 'RETRYING'
    case 'SUCCESS':
      return 'COMPLETED'
    case 'FAILURE':
      return 'FAILED'
    case 'REVOKED':
      return 'CANCELLED'
  }
}
