import { heavyQueues } from '#queue/boss.ts'
import type { Room } from '#tasks/attempts/claim.ts'

interface RoomsInOptions {
  queues: string[]
  concurrency: number
  /** Number of tasks that the worker may hold. */
  capacity: number
  /** Queue of each task that it holds. */
  inHand: string[]
}

/**
 * Number of tasks to claim from each queue now. A film keeps every core busy for minutes, and two films side by side
 * would not be faster, so films leave one child free for the short tasks of a worker that serves other queues too.
 * While enough tasks are held, nothing is claimed: a claim of three tasks costs the database nearly as much as one of a
 * hundred.
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
