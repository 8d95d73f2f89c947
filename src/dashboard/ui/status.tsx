import type { ComponentChild } from 'preact'
import type { Status } from '../state/service/shapes.ts'

const ring = 2 * Math.PI * 5.5

/** Told by its shape, too: colour is never the only sign. */
export function StatusGlyph({ status, progress, word }: Shown & { word?: string }) {
  return (
    <svg
      class={`glyph status-${status}`}
      width="16"
      height="16"
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      {(word && ownShapes[word]) ?? shapeOf(status, progress)}
    </svg>
  )
}

interface Shown {
  status: Status
  progress?: number | null
}

/** Of words that say something else than their kin: an arrow would tell of a new try. */
const ownShapes: Record<string, ComponentChild> = {
  paused: <path class="stroke" d="M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M6.5 6v4M9.5 6v4" />,
  expiring: shapeOf('SCHEDULED', null)
}

function shapeOf(status: Status, progress: number | null | undefined) {
  switch (status) {
    case 'SCHEDULED':
      return <path class="stroke" d="M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3l2 1.5" />
    case 'PENDING':
      return <circle class="stroke" cx="8" cy="8" r="5.5" stroke-dasharray="2.2 2.1" />
    case 'PROCESSING':
      return (
        <>
          <circle class="stroke faint" cx="8" cy="8" r="5.5" />
          <circle
            class="stroke"
            cx="8"
            cy="8"
            r="5.5"
            stroke-dasharray={`${ring * (progress ?? 0.3)} ${ring}`}
            transform="rotate(-90 8 8)"
          />
          <circle class="fill" cx="8" cy="8" r="2" />
        </>
      )
    case 'RETRYING':
      return <path class="stroke" d="M13.25 8A5.25 5.25 0 1 1 11.6 4.2M13.25 2.25V5.5H10" />
    case 'COMPLETED':
      return (
        <>
          <circle class="fill" cx="8" cy="8" r="6.25" />
          <path class="cut" d="M5.25 8.25l2 2 3.6-4" />
        </>
      )
    case 'FAILED':
      return (
        <>
          <path class="fill" d="M5.4 1.75h5.2l3.65 3.65v5.2l-3.65 3.65H5.4L1.75 10.6V5.4z" />
          <path class="cut" d="M5.75 5.75l4.5 4.5M10.25 5.75l-4.5 4.5" />
        </>
      )
    case 'CANCELLED':
      return <path class="stroke" d="M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M5 8h6" />
  }
}

export function StatusWord({ status, progress }: Shown) {
  return (
    <span class={`status status-${status}`}>
      <StatusGlyph status={status} progress={progress} />
      <span class="status-word">{status}</span>
    </span>
  )
}

// Words of films, prints, workers and occurrences, in the colours of the seven.
const kin: Record<string, Status> = {
  uploaded: 'PENDING',
  waiting: 'PENDING',
  completed: 'COMPLETED',
  aborted: 'CANCELLED',
  pending: 'PENDING',
  processing: 'PROCESSING',
  ready: 'COMPLETED',
  failed: 'FAILED',
  skipped: 'CANCELLED',
  running: 'PROCESSING',
  stopped: 'CANCELLED',
  lost: 'FAILED',
  paused: 'RETRYING',
  success: 'COMPLETED',
  failure: 'FAILED',
  soft_time_limit: 'FAILED',
  time_limit: 'FAILED',
  crashed: 'FAILED',
  stalled: 'FAILED',
  cancelled: 'CANCELLED',
  shutdown: 'CANCELLED',
  fired: 'COMPLETED',
  coalesced: 'RETRYING',
  delivered: 'COMPLETED',
  enabled: 'COMPLETED',
  failing: 'RETRYING',
  disabled: 'FAILED',
  active: 'COMPLETED',
  expiring: 'RETRYING',
  expired: 'CANCELLED',
  revoked: 'FAILED',
  retired: 'CANCELLED',
  done: 'COMPLETED',
  refused: 'FAILED'
}

export const kinOf = (word: string): Status => kin[word] ?? 'PENDING'

export function Word({ word, progress }: { word: string; progress?: number | null }) {
  return (
    <span class={`status status-${kinOf(word)}`}>
      <StatusGlyph status={kinOf(word)} progress={progress} word={word} />
      <span class="status-word">{word}</span>
    </span>
  )
}
