import { percentText } from '../../words/number.ts'

/** Without a value the progress is unknown: the bar stands at 0 and says so. */
export function Progress({ value, label }: { value: number | null; label: string }) {
  const percent = Math.round((value ?? 0) * 100)
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
      <div class="progress-bar" style={{ width: `${percent}%` }} />
    </div>
  )
}
