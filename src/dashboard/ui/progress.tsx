import { percentText } from '../words/number.ts'

/** Without a value it says that nobody knows how far it is. */
export function Progress({ value, label }: { value: number | null; label: string }) {
  const percent = value === null ? undefined : Math.round(value * 100)
  return (
    <div
      class={`progress${value === null ? ' unknown' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={value === null ? 'unknown' : percentText(value)}
    >
      <div class="progress-bar" style={{ width: `${percent ?? 0}%` }} />
    </div>
  )
}
