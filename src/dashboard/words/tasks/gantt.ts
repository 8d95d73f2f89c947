export interface Stretch {
  kind: 'wait' | 'run'
  from: number
  to: number
  /** Index of its attempt; of a wait, of the attempt that came after it. */
  attempt: number
}

export interface Placed extends Stretch {
  /** Fractions of the width. */
  left: number
  width: number
  /** A wait that is shown shorter than it was. */
  folded: boolean
}

interface Tried {
  started_at: string
  finished_at: string | null
}

// A wait longer than this many times all runs would leave nothing to see of them.
const patience = 10
const foldedTo = 0.12

/** Waits and runs of a task one after the other, from its submission until now or its end. */
export function stretchesOf(created: string, attempts: readonly Tried[], end: number): Stretch[] {
  const stretches: Stretch[] = []
  let at = Date.parse(created)
  for (const [attempt, { started_at, finished_at }] of attempts.entries()) {
    const from = Math.max(at, Date.parse(started_at))
    const to = Math.max(from, finished_at === null ? end : Date.parse(finished_at))
    if (from > at) stretches.push({ kind: 'wait', from: at, to: from, attempt })
    stretches.push({ kind: 'run', from, to, attempt })
    at = to
  }
  if (end > at) stretches.push({ kind: 'wait', from: at, to: end, attempt: attempts.length })
  return stretches
}

/** Their places on a line of width 1. Long waits are folded, so that runs can be seen. */
export function placed(stretches: readonly Stretch[]): Placed[] {
  const length = ({ from, to }: Stretch) => Math.max(1, to - from)
  const runs = stretches.filter(({ kind }) => kind === 'run').reduce((sum, one) => sum + length(one), 0)
  const folds = (one: Stretch) => one.kind === 'wait' && runs > 0 && length(one) > patience * runs
  const folded = stretches.filter(folds).length
  const open = stretches.filter(one => !folds(one)).reduce((sum, one) => sum + length(one), 0)
  const rest = Math.max(0.3, 1 - folded * foldedTo)
  const foldedWidth = folded > 0 ? (1 - rest) / folded : 0

  let left = 0
  return stretches.map(one => {
    const width = folds(one) ? foldedWidth : (length(one) / Math.max(1, open)) * rest
    const place = { ...one, left, width, folded: folds(one) }
    left += width
    return place
  })
}
