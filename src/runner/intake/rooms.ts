import { heavyQueues } from '#queue/boss.ts'
import type { Room } from '#tasks/attempts/claim.ts'

interface RoomsInOptions {
  queues: string[]
  concurrency: number
  /** How many tasks may be in hand. */
  capacity: number
  /** The queue of each task in hand. */
  inHand: string[]
}

/**
 * How many tasks each queue may give now. A film keeps every core busy for minutes, so films leave one child free for
 * the short tasks of a worker that serves other queues too: two films side by side would not be faster.
 *
 * While there is enough in hand to go on with, nothing is claimed: a claim of three tasks costs the database nearly what
 * a claim of a hundred does.
 */
export function roomsIn({ queues, concurrency, capacity, inHand }: RoomsInOptions): { rooms: Room[]; most: number } {
  const enough = inHand.length > concurrency && inHand.length * 2 > capacity
  const most = enough ? 0 : Math.max(0, capacity - inHand.length)
  const servesOthers = queues.some(queue => !heavyQueues.includes(queue))
  const rooms = queues.map(queue => {
    if (!heavyQueues.includes(queue) || !servesOthers || concurrency === 1) return { queue, slots: most }
    const films = inHand.filter(each => heavyQueues.includes(each)).length
    return { queue, slots: Math.min(most, Math.max(0, concurrency - 1 - films)) }
  })
  return { rooms: rooms.filter(({ slots }) => slots > 0), most }
}
