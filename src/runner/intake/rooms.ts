import { heavyQueues } from '#queue/boss.ts'
import type { Room } from '#tasks/attempts/claim.ts'

/**
 * How many tasks each queue may give now. A film keeps every core busy for minutes, so films leave one place free
 * for the short tasks of a worker that serves other queues too: two of them side by side would not be faster.
 *
 * While there is enough in hand to go on with, nothing is asked for: a question about three tasks costs the database
 * nearly what one about a hundred does.
 */
export function roomsIn(
  queues: string[],
  concurrency: number,
  places: number,
  running: string[]
): { rooms: Room[]; most: number } {
  const enough = running.length > concurrency && running.length * 2 > places
  const most = enough ? 0 : Math.max(0, places - running.length)
  const servesOthers = queues.some(queue => !heavyQueues.includes(queue))
  const rooms = queues.map(queue => {
    if (!heavyQueues.includes(queue) || !servesOthers || concurrency === 1) return { queue, slots: most }
    const films = running.filter(each => heavyQueues.includes(each)).length
    return { queue, slots: Math.min(most, Math.max(0, concurrency - 1 - films)) }
  })
  return { rooms: rooms.filter(({ slots }) => slots > 0), most }
}
