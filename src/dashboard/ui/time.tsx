import { useMemo } from 'preact/hooks'
import { ago, now, since, zoned } from '../state/service/time.ts'
import { durationText, shortDuration } from '../words/time.ts'

/** "12 s ago", with the moment in all zones as its title. */
export function Ago({ time }: { time: string | null }) {
  // It is drawn again each second; the title stays.
  const title = useMemo(() => (time === null ? '' : zoned.all(time)), [time])
  if (time === null) return <span class="soft">–</span>
  return (
    <time dateTime={time} title={title}>
      {ago(time)}
    </time>
  )
}

/** "for 12 s": how long it has been so. */
export function For({ since: time }: { since: string }) {
  return (
    <time dateTime={time} title={zoned.all(time)}>
      for {shortDuration(since(time))}
    </time>
  )
}

export function At({ time, short = false }: { time: string | null; short?: boolean }) {
  if (time === null) return <span class="soft">–</span>
  return (
    <time dateTime={time} title={zoned.all(time)}>
      {short ? zoned.short(time) : zoned.full(time)}
    </time>
  )
}

/** From one moment to another, or until now. */
export function Span({ from, to }: { from: string | null; to: string | null }) {
  if (from === null) return <span class="soft">–</span>
  const end = to === null ? now() : new Date(to).getTime()
  return <span class="number">{durationText((end - new Date(from).getTime()) / 1000)}</span>
}
