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
import { Claimer } from './claimer.ts'
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
export async function openIntake(options: OpenIntakeOptions) {
  const { config, kinds, connections, books, bodies, log } = options
  const { worker, voice, recover } = books
  const { work } = connections
  const queues = await servedQueues({ db: work, told: config.WORKER_QUEUES, worker })
  const steer = steering(config.WORKER_CONCURRENCY)
  const ahead = prefetch(() => steer.concurrency, config.WORKER_PREFETCH_MULTIPLIER)
  const back = giverBack({ log, putBack: recover.putBack })
  const turn = turns({ desk: bodies.desk, ahead, giveBack })
  const delayed = promoter({ pool: work.pool, voice, log })
  const room = roomOf({ desk: bodies.desk, kinds, queues, steer, ahead })
  const claims: Claimer = new Claimer({
    pool: work.pool,
    log,
    worker,
    keepers: [...kinds.values()].filter(({ discard }) => discard).map(({ name }) => name),
    concurrency: () => steer.concurrency,
    rooms: room.forAll,
    upkeep: { kinds: room.upkeepKinds, rooms: room.forUpkeep },
    begin: beginner({ steer, bodies, voice, giveBack, log }),
    leave: unknownKinds({ pool: work.pool, voice, log }),
    findUnknown: () => recover.handOnUnknown(worker.id, inHand())
  })
  bodies.onRoom((kind, milliseconds) => {
    // House-keeping has left no child, and tells nothing of how long other tasks take.
    if (!room.upkeepKinds.includes(kind)) ahead.ended(milliseconds)
    claims.wake()
  })

  function inHand() {
    return [...bodies.desk.ids(), ...back.ids(), ...books.unwritten().map(({ id }) => id)]
  }

  async function giveBack(given: Claim[], pause = 0) {
    if (!(await back.give(given, pause))) claims.doubt()
  }

  return steered({ queues, steer, claims, delayed, turn, back, room, bodies, log })
}

interface RoomOptions {
  desk: Bodies['desk']
  kinds: Kinds
  queues: Queues
  steer: Steering
  ahead: ReturnType<typeof prefetch>
}

/** How many tasks of which queues may be claimed. */
function roomOf({ desk, kinds, queues, steer, ahead }: RoomOptions) {
  // Internal kinds that need no child.
  const upkeepKinds = [...kinds.values()]
    .filter(({ name, pool }) => pool === 'inline' && isInternal(name))
    .map(({ name }) => name)
  let isOpen = false

  function room() {
    // A task claimed before the worker is registered would be taken for an orphan.
    const capacity = isOpen && steer.isTaking() ? ahead.capacity() : 0
    const held = desk.held().filter(({ claim }) => upkeepKinds.includes(claim.task))
    return { queues: queues.names, capacity, upkeep: held.length }
  }

  return {
    upkeepKinds,
    forAll: () => roomsIn({ ...room(), concurrency: steer.concurrency, inHand: desk.queues() }),
    forUpkeep: () => roomForUpkeep(room()),
    open() {
      isOpen = true
    }
  }
}

interface BeginnerOptions extends Pick<OpenIntakeOptions, 'bodies' | 'log'> {
  steer: Steering
  voice: Books['voice']
  giveBack(claims: Claim[], pause?: number): Promise<void>
}

/** Passes what was claimed to the bodies, or back. */
function beginner({ steer, bodies, voice, giveBack, log }: BeginnerOptions) {
  function beginOne(claim: Claim) {
    // The notification comes after the body's start.
    if (bodies.begin(claim)) return voice.changed(claim.id)
    log.warn({ task: claim.id, kind: claim.task }, 'task put back: this worker does not know its kind')
    void giveBack([claim], unknownPause)
  }

  return function begin({ claims, revoked }: Claimed) {
    // The claim query was sent before the worker was paused.
    if (!steer.isTaking() && claims.length > 0) void giveBack(claims)
    else for (const claim of claims) beginOne(claim)
    if (revoked.length > 0) voice.changed(...revoked)
  }
}

interface SteeredOptions extends Pick<OpenIntakeOptions, 'bodies' | 'log'> {
  queues: Queues
  steer: Steering
  claims: Claimer
  delayed: ReturnType<typeof promoter>
  turn: ReturnType<typeof turns>
  back: ReturnType<typeof giverBack>
  room: ReturnType<typeof roomOf>
}

/** What the other parts of a worker, and the row of the worker, may do with its intake. */
function steered({ queues, steer, claims, delayed, turn, back, room, bodies, log }: SteeredOptions) {
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
    more: () => claims.more(),
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
      room.open()
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

type Queues = Awaited<ReturnType<typeof servedQueues>>
type Steering = ReturnType<typeof steering>
export type Intake = Awaited<ReturnType<typeof openIntake>>
