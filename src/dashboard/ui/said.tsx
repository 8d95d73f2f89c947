import type { ComponentChildren } from 'preact'
import { sentenceOf } from '../state/act.ts'
import type { ApiError } from '../state/api.ts'
import type { Query } from '../state/query.ts'
import { Button } from './button.tsx'

/** Nothing to show, and why. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  )
}

/** What was refused, in the words of the API. Data that was there before stays beside it. */
export function Refused({ query }: { query: Query<unknown> }) {
  const error = query.error.value
  if (!error || (error.isOutage && query.data.value !== undefined)) return null
  return (
    <div class="refused" role="alert">
      <p>{sentenceOf(error)}</p>
      <Button icon="retry" onClick={() => query.refresh()}>
        Try again
      </Button>
    </div>
  )
}

export function fieldError(error: ApiError | undefined, field: string): string | undefined {
  return error?.errors.find(one => one.field === field)?.message
}

/** A line of the height that rows will have: nothing moves when they come. */
export function Waiting({ rows = 5 }: { rows?: number }) {
  return (
    <div class="waiting" aria-hidden="true">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} class="waiting-row" />
      ))}
    </div>
  )
}
