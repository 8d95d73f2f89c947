import type { SearchLimits } from './search.ts'

/** Which page of the list is asked for. */
export interface Turn {
  limit: number
  cursor: string | undefined
  limits: SearchLimits | undefined
}
