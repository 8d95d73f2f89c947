import { useEffect, useState } from 'preact/hooks'
import { href } from '../../state/browser/route.ts'
import { readSetting } from '../../state/browser/settings.ts'
import type { Schedule } from '../../state/service/shapes.ts'
import { momentNow, zoned } from '../../state/service/time.ts'
import { askWeek, type Week } from '../../state/week.ts'
import { plural } from '../../words/number.ts'
import { ruleText } from '../../words/schedules/schedules.ts'
import { busiest, type Firing, type HeatCell, heatOf, hourText, levelOf } from '../../words/schedules/week.ts'

const nothing: Week = { firings: [], steady: [], left: 0 }
// Milliseconds after which the week is asked for again: it moves on.
const every = 600_000
const mostLines = 3

/** When schedules fire in the next seven days: many at the same hour are seen, and can be moved. */
export function WeekHeat({ schedules }: { schedules: readonly Schedule[] }) {
  const enabled = schedules.filter(({ enabled }) => enabled)
  const now = Math.floor(momentNow() / 60_000) * 60_000
  const week = useWeek(enabled, now)
  if (enabled.length === 0) return null
  const { firings, steady, left } = week ?? nothing
  const heat = heatOf(firings, now, readSetting('zone'))
  const most = Math.max(0, ...heat.flatMap(({ hours }) => hours.map(({ firings }) => firings.length)))
  return (
    <section class="week" aria-label="The next seven days" aria-busy={week === undefined}>
      <div class="section-head">
        <h2>The next seven days</h2>
        <span class="soft week-note">
          {week ? `occurrences in each hour, ${readSetting('zone') === 'UTC' ? 'UTC' : 'your time'}` : 'counting …'}
        </span>
      </div>
      <table class="heat">
        <caption class="only-heard">Occurrences by day and hour</caption>
        <thead>
          <tr>
            <th scope="col">
              <span class="only-heard">Day</span>
            </th>
            {Array.from({ length: 24 }, (_, hour) => (
              <th key={hour} scope="col" class={hour % 6 === 0 ? undefined : 'heat-seldom'}>
                {String(hour).padStart(2, '0')}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {heat.map(({ name, hours }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {hours.map(cell => (
                <Cell key={cell.hour} day={name} cell={cell} most={most} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <Busiest hours={busiest(heat)} />
      {(steady.length > 0 || left > 0) && (
        <p class="soft week-note">
          {steady.length > 0 && 'Not drawn, as they fire all the time: '}
          {steady.map((schedule, at) => (
            <>
              {at > 0 && ', '}
              <a href={href(`/schedules/${schedule.id}`)}>{schedule.name}</a> ({ruleText(schedule)})
            </>
          ))}
          {steady.length > 0 && '. '}
          {left > 0 && `${plural(left, 'more schedule is', 'more schedules are')} not drawn.`}
        </p>
      )}
    </section>
  )
}

function Cell({ day, cell: { hour, firings }, most }: { day: string; cell: HeatCell; most: number }) {
  const level = levelOf(firings.length, most)
  if (level === 0) return <td class="heat-0" />
  return (
    <td class={`heat-${level}`} title={`${day}, ${hourText(hour)}: ${textOf(firings)}`}>
      <span>{firings.length}</span>
    </td>
  )
}

/** "00:00 backup, mails; 00:30 report"; one that fires several times in the hour is named once. */
function textOf(firings: readonly Firing[]) {
  const byTime = new Map<string, string[]>()
  for (const own of Map.groupBy(firings, ({ id }) => id).values()) {
    const { name, at } = own[0]!
    const time = own.length === 1 ? zoned.clock(at).slice(0, 5) : `${own.length} times`
    byTime.set(time, [...(byTime.get(time) ?? []), name].sort())
  }
  return [...byTime].map(([time, names]) => `${time} ${names.join(', ')}`).join('; ')
}

/** The same schedules at the same hour of several days are one line. */
function Busiest({ hours }: { hours: (HeatCell & { day: string })[] }) {
  const alike = [...Map.groupBy(hours, ({ hour, firings }) => `${hour} ${textOf(firings)}`).values()].slice(
    0,
    mostLines
  )
  if (alike.length === 0) return null
  return (
    <div class="busiest">
      <h3>Fullest hours</h3>
      <ul>
        {alike.map(([first, ...rest]) => (
          <li key={`${first!.day} ${first!.hour}`}>
            <b class="number">{hourText(first!.hour)}</b>, {first!.day}
            {rest.length > 0 && ` and ${plural(rest.length, 'more day')}`}:{' '}
            <span class="soft breaks">{textOf(first!.firings)}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** Asked for again when a schedule that matters has changed. */
function useWeek(schedules: readonly Schedule[], now: number) {
  const [week, setWeek] = useState<Week | undefined>()
  const rules = schedules.map(({ id, name, cron, every, at, timezone, end_at }) =>
    [id, name, cron, every, at, timezone, end_at].join(' ')
  )
  useEffect(() => {
    const giveUp = new AbortController()
    askWeek(schedules, momentNow(), giveUp.signal).then(
      found => !giveUp.signal.aborted && setWeek(found),
      // The page says by itself that the service is away.
      () => {}
    )
    return () => giveUp.abort()
  }, [rules.join('\n'), Math.floor(now / every)])
  return week
}
