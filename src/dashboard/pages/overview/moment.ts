import { now } from '../../state/service/time.ts'

const minute = 60_000

/** The minute that has begun: addresses of questions change once a minute, not once a second. */
export function minuteNow(): number {
  return Math.floor(now() / minute) * minute
}
