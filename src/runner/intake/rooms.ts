import { heavyQueues } from '#queue/boss.ts'
import type { Room } from '#tasks/attempts/claim.ts'

interface RoomsInOptions {
  queues: string[]
  concurrency: number
  /** Number of tasks that the worker may hold. */
  capacity: number
  /** Queue of each task that it holds. */
  inHand: string[]
  /** How many of them are house-keeping. */
  upkeep: number
}

// House-keeping and bulk operations run in the worker itself and need no child: so many side by side have a place of
// their own, as an operator's act must not wait for tasks of an hour.
const placesOfUpkeep = 4

/** Number of house-keeping tasks to claim while there is no room for others. */
export function roomForUpkeep({ queues, capacity, upkeep }: Pick<RoomsInOptions, 'queues' | 'capacity' | 'upkeep'>) {
  const slots = capacity > 0 ? Math.max(0, placesOfUpkeep - upkeep) : 0
  return { rooms: slots > 0 ? queues.map(queue => ({ queue, slots })) : [], most: slots }
}

/**
 * Number of tasks to claim from each queue now. A film keeps every core busy for minutes, and two films side by side
 * would not be faster, so films leave one child free for the short tasks of a worker that serves other queues too.
 * While enough tasks are held, nothing is claimed: a claim of three tasks costs the database nearly as much as one of a
 * hundred.
 */
export function roomsIn(options: RoomsInOptions): { rooms: Room[]; most: number } {
  const { queues, concurrency, capacity, inHand, upkeep } = options
  const held = inHand.length - Math.min(upkeep, placesOfUpkeep)
  const enough = held > concurrency && held * 2 > capacity
  const most = enough ? 0 : Math.max(0, capacity - held)
  const servesOthers = queues.some(queue => !heavyQueues.includes(queue))
  const rooms = queues.map(queue => {
    if (!heavyQueues.includes(queue) || !servesOthers || concurrency === 1) return { queue, slots: most }
    const films = inHand.filter(each => heavyQueues.includes(each)).length
    return { queue, slots: Math.min(most, Math.max(0, concurrency - 1 - films)) }
  })
  return { rooms: rooms.filter(({ slots }) => slots > 0), most }
}
