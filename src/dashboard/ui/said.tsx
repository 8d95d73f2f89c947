import type { ComponentChildren } from 'preact'
import { sentenceOf } from '../state/acts/act.ts'
import type { ApiError } from '../state/service/api.ts'
import type { Query } from '../state/service/query.ts'
import { now } from '../state/service/time.ts'
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
  // What the API says of headers is for programs; the dialog asks for the key.
  if (error.status === 401) return <p class="soft">Sign in to see this.</p>
  return (
    <div class="refused" role="alert">
      <p>
        {sentenceOf(error)} <AskedAgain error={error} />
      </p>
      <Button icon="retry" onClick={() => query.refresh()}>
        Try again
      </Button>
    </div>
  )
}

/** An outage is looked for again; the API says when that is worth it. */
export function AskedAgain({ error }: { error: ApiError }) {
  if (!error.isOutage || error.retryAfter === null) return null
  const left = Math.max(0, Math.ceil(error.retryAfter - (now() - error.at) / 1000))
  return (
    <span class="soft number" aria-live="off">
      {left === 0 ? 'Asking again.' : `Asking again in ${left} s.`}
    </span>
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
