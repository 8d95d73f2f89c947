import { signal } from '@preact/signals'
import { clockText, everyZone, relativeText, shortTime, timeText } from '../../words/time.ts'
import { readSetting } from '../browser/settings.ts'

// A wrong clock of the machine that shows the page must not show: the server's counts.
let ahead = 0
const tick = signal(Date.now())
setInterval(() => {
  if (!document.hidden) tick.value = Date.now()
}, 1000)
document.addEventListener('visibilitychange', () => {
  tick.value = Date.now()
})

/** The header has whole seconds, so only larger differences count. */
export function hearServerTime(date: string | null) {
  const server = Date.parse(date ?? '')
  if (Number.isNaN(server)) return
  const difference = server + 500 - Date.now()
  ahead = Math.abs(difference) < 1500 ? 0 : difference
}

/** The server's time, which ticks each second where it is read. */
export function now(): number {
  return tick.value + ahead
}

/** The server's time, once. */
export function momentNow(): number {
  return Date.now() + ahead
}

export const ago = (time: string) => relativeText(time, now())
export const since = (time: string) => Math.max(0, (now() - new Date(time).getTime()) / 1000)
export const zoned = {
  full: (time: string | number) => timeText(time, readSetting('zone')),
  short: (time: string | number) => shortTime(time, readSetting('zone')),
  clock: (time: string | number) => clockText(time, readSetting('zone')),
  all: everyZone
}
