import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import type { Claim, Claimed } from '#tasks/attempts/claim.ts'
import { lease } from '#tasks/attempts/takers.ts'
import type { Kinds } from '#tasks/define.ts'
import { isInternal } from '#tasks/internal.ts'
import type { Desired, Shutdown } from '#workers/presence.ts'
import type { Bodies } from '../bodies/bodies.ts'
import type { Books } from '../books/books.ts'
import type { Connections } from '../connections.ts'
import { claimer } from './claimer.ts'
import { giverBack } from './give-back.ts'
import { prefetch } from './prefetch.ts'
import { promoter } from './promoter.ts'
import { roomForUpkeep, roomsIn } from './rooms.ts'
import { servedQueues } from './served-queues.ts'
import { steering } from './steering.ts'
import { turns } from './turns.ts'
import { unknownKinds } from './unknown-kinds.ts'

// Milliseconds. Without a pause, a task of a kind that this worker does not know would be claimed again at once.
const unknownPause = 1_000

interface OpenIntakeOptions {
  config: Config
  kinds: Kinds
  connections: Connections
  books: Books
  bodies: Bodies
  log: Logger
}

/** Decides which tasks this worker takes, claims them as there is room, and passes them to the bodies. */
export async function openIntake({ config, kinds, connections, books, bodies, log }: OpenIntakeOptions) {
  const { worker, voice, recover } = books
  const { desk } = bodies
  const { work } = connections
  const queues = await servedQueues({ db: work, told: config.WORKER_QUEUES, worker })
  const steer = steering(config.WORKER_CONCURRENCY)
  const ahead = prefetch(() => steer.concurrency, config.WORKER_PREFETCH_MULTIPLIER)
  const back = giverBack({ log, putBack: recover.putBack })
  const turn = turns({ desk, ahead, giveBack })
  // Internal kinds that need no child.
  const upkeep = [...kinds.values()]
    .filter(({ name, pool }) => pool === 'inline' && isInternal(name))
    .map(({ name }) => name)
  const delayed = promoter({ pool: work.pool, voice, log })
  let started = false

  const claims = claimer({
    pool: work.pool,
    log,
    worker,
    keepers: [...kinds.values()].filter(({ discard }) => discard).map(({ name }) => name),
    concurrency: () => steer.concurrency,
    rooms,
    upkeep: { kinds: upkeep, rooms: () => roomForUpkeep(room()) },
    begin,
    leave: unknownKinds({ pool: work.pool, voice, log }),
    findUnknown: () => recover.handOnUnknown(worker.id, inHand())
  })

  bodies.onRoom(milliseconds => {
    ahead.ended(milliseconds)
    claims.wake()
  })

  function inHand() {
    return [...desk.ids(), ...back.ids(), ...books.unwritten().map(({ id }) => id)]
  }

  function room() {
    // A task claimed before the worker is registered would be taken for an orphan.
    const capacity = started && steer.isTaking() ? ahead.capacity() : 0
    const held = desk.held().filter(({ claim }) => upkeep.includes(claim.task))
    return { queues: queues.names, capacity, upkeep: held.length }
  }

  function rooms() {
    return roomsIn({ ...room(), concurrency: steer.concurrency, inHand: desk.queues() })
  }

  function begin({ claims, revoked }: Claimed) {
    // The claim query was sent before the worker was paused.
    if (!steer.isTaking() && claims.length > 0) void giveBack(claims)
    else for (const claim of claims) beginOne(claim)
    if (revoked.length > 0) voice.changed(...revoked)
  }

  function beginOne(claim: Claim) {
    // The notification comes after the body's start.
    if (bodies.begin(claim)) return voice.changed(claim.id)
    log.warn({ task: claim.id, kind: claim.task }, 'task put back: this worker does not know its kind')
    void giveBack([claim], unknownPause)
  }

  async function giveBack(given: Claim[], pause = 0) {
    if (!(await back.give(given, pause))) claims.doubt()
  }

  /** Stops claims, and puts back tasks that have not started. */
  async function stop() {
    await Promise.all([claims.stop(), delayed.stop()])
    turn.stop()
    await turn.putBack()
    await back.settled()
  }

  return {
    /** Current queues of this worker. */
    queues: () => queues.names,
    serves: queues.includes,
    concurrency: () => steer.concurrency,
    more: claims.more,
    wakeDelayed: delayed.lookNow,
    /** Notifications may have been lost. */
    lookAgain() {
      claims.wake()
      delayed.lookNow()
    },
    async lookForQueues() {
      if (await queues.lookAgain()) claims.wake()
    },

    /** Applies the desired state of the worker's row. A shutdown is left to the caller. */
    follow(desired: Desired): Shutdown | undefined {
      const { concurrency, takes, shutdown } = steer.follow(desired)
      if (concurrency !== undefined) {
        log.info({ concurrency }, 'concurrency changed by its row')
        bodies.resize(concurrency)
      }
      if (takes !== undefined) log.info(takes ? 'told to take tasks again' : 'told to take nothing new')
      if (concurrency !== undefined || takes === false) void turn.putBack()
      if (concurrency !== undefined || takes === true) claims.wake()
      return shutdown
    },

    /** False while a claim query has had no response for the length of a lease. */
    isAnswered: () => claims.waiting() < lease * 1000,

    start() {
      started = true
      claims.wake()
    },
    stop,
    close: stop,
    /** Stops claims; delayed tasks are still moved to their queues. */
    async rest() {
      await turn.putBack()
      // Tasks of the last answer are put back.
      await claims.stop()
    }
  }
}

export type Intake = Awaited<ReturnType<typeof openIntake>>
