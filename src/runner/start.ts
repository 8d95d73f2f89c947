import type { Logger } from 'pino'
import { v7 as uuid } from 'uuid'
import type { Config } from '#config.ts'
import { connect, throughIndexes } from '#database/connect.ts'
import { delayedQueue, openBoss } from '#queue/boss.ts'
import { openDiskStore } from '#storage/disk.ts'
import { pairWithStore } from '#storage/installation.ts'
import type { Kinds } from '#tasks/define.ts'
import { voiceOf } from '#tasks/voice.ts'
import { endDeadNeighbours, lease, type Pools, register, sayEnding, unregister } from '#workers/presence.ts'
import { openTally } from '#workers/tally.ts'
import { usageMeter } from '#workers/usage.ts'
import { stopCancelled } from './cancelled.ts'
import { typeboxInOneFile } from './children/one-file.ts'
import { childPool } from './children/pool.ts'
import { openDesk } from './desk.ts'
import { openEars } from './ears.ts'
import { fireSchedules } from './fire.ts'
import { patience } from './giving-up.ts'
import { serveHealth } from './health.ts'
import { inlineBodies } from './inline-bodies.ts'
import { claimer } from './intake/claimer.ts'
import { giverBack } from './intake/give-back.ts'
import { prefetch } from './intake/prefetch.ts'
import { roomsIn } from './intake/rooms.ts'
import { servedQueues } from './intake/served-queues.ts'
import { turns } from './intake/turns.ts'
import { unknownKinds } from './intake/unknown-kinds.ts'
import { keepLease } from './lease.ts'
import { progressWriter } from './progress.ts'
import { promoter } from './promoter.ts'
import { recovery } from './recovery.ts'
import { settler } from './settler.ts'
import { steering } from './steering.ts'
import { stopping } from './stopping.ts'

// Somebody at a prompt may hold a lock for an hour; whatever else is to be written then is not to wait for it.
const lock_timeout = '5s'

interface Needs {
  /** Its name, as long as nobody holds it to be dead. */
  id: string
  url: string
  config: Config
  kinds: Kinds
  log: Logger
  version: string
  /** For the child processes. */
  env: NodeJS.ProcessEnv
  /** Asks to be stopped: somebody has shut it down, or it has given up. */
  end(why: string, code: 0 | 1): void
}

export interface Worker {
  readonly id: string
  /** No new work; running attempts get so many seconds and are then handed back, uncounted. */
  stop(graceSeconds: number): Promise<void>
}

export async function startWorker(needs: Needs): Promise<Worker> {
  const { url, config, kinds, log, version, env, end } = needs
  let { id } = needs
  let started = false
  // What is open is closed in reverse: at the end, or at once when the next thing does not open.
  await using opened = new AsyncDisposableStack()
  const bodies = inlineBodies(log)
  opened.defer(bodies.close)
  const db = connect(url, { name: 'darkroom worker', max: 6, settings: { ...throughIndexes, lock_timeout } })
  opened.defer(async () => {
    const closed = db.close()
    // Whoever was given up may keep a connection for as long as he likes.
    if (bodies.size === 0) await closed
  })
  const store = openDiskStore(config.DATA_DIR)
  opened.defer(store.close)
  await pairWithStore(db, store)
  // A start that was cut off may have left the row, which would be taken for a worker that is up.
  await unregister(db.pool, id)
  const voice = voiceOf(db.pool)
  opened.defer(voice.flush)
  const queues = await servedQueues({
    db,
    told: config.WORKER_QUEUES,
    worker: () => id,
    onMore: () => claims.wake()
  })
  const pools = poolsOf(kinds)
  // Before there is anything that would have to be stopped again: the port may be taken.
  const health =
    config.WORKER_HEALTH_PORT === undefined
      ? undefined
      : await serveHealth({ host: config.HOST, port: config.WORKER_HEALTH_PORT, isReady })
  opened.defer(() => health?.close())

  const steer = steering({
    concurrency: config.WORKER_CONCURRENCY,
    onConcurrency(concurrency) {
      log.info({ concurrency }, 'told to run so many tasks side by side')
      children.resize(concurrency)
      void turn.putBack()
      claims.wake()
    },
    onRest() {
      log.info('told to take nothing new')
      void turn.putBack()
    },
    onResume() {
      log.info('told to take tasks again')
      claims.wake()
    },
    onShutdown: mode => void ends.shutDown(mode).then(() => end(`shut down (${mode})`, 0))
  })

  const ahead = prefetch(() => steer.concurrency, config.WORKER_PREFETCH_MULTIPLIER)

  const DARKROOM_TYPEBOX = await typeboxInOneFile(log)
  const children = childPool({
    env: { ...env, DARKROOM_TYPEBOX },
    size: steer.concurrency,
    maxTasks: config.WORKER_MAX_TASKS_PER_CHILD,
    maxMemory: config.WORKER_MAX_MEMORY_PER_CHILD && config.WORKER_MAX_MEMORY_PER_CHILD * 1024 ** 2
  })
  opened.defer(children.close)

  const outcomes = settler({
    db,
    log,
    onSettled({ id, state, queue }) {
      voice.changed(id)
      if (state === 'RETRY') voice.wake(queue, delayedQueue)
      log.debug({ task: id, state }, 'settled')
    }
  })

  const desk = openDesk({
    db,
    config,
    kinds,
    children,
    bodies,
    log,
    worker: () => id,
    onProgress: ({ id, attempt }, fraction, detail) => progress.report(id, attempt, fraction, detail),
    onEnded(claim, kind, ending) {
      const reported = progress.take(claim.id, claim.attempt)
      if (ending.worker === id) tally.ended(ending.outcome)
      waitForDatabase.beginAnew()
      ahead.ended(Date.now() - ending.started_at.getTime())
      outcomes.add({ claim, kind, ending: reported ? { ...ending, reported } : ending })
      claims.wake()
    }
  })
  const recover = recovery({ db, voice, log })
  const back = giverBack({ log, putBack: recover.putBack, onDoubt: () => claims.doubt() })
  const turn = turns({ desk, ahead, give: back.give })
  opened.defer(turn.stop)
  const tally = openTally(() => desk.size)
  const usage = usageMeter()

  const waitForDatabase = patience({
    seconds: config.WORKER_GIVE_UP_AFTER,
    isBusy: () => desk.size > 0,
    held: () => outcomes.attempts().length,
    onOver: sentence => end(sentence, 1)
  })

  const progress = progressWriter({
    pool: db.pool,
    log,
    onWritten: ids => voice.changed(...ids),
    onLost(task, attempt) {
      const lost = desk.find(task)
      if (lost?.claim.attempt === attempt) lost.stop('lost')
    }
  })
  opened.defer(progress.close)

  const claims = claimer({
    pool: db.pool,
    log,
    worker: () => id,
    children: () => steer.concurrency,
    // What is taken before we are known to be there would be held to be an orphan.
    rooms: () =>
      roomsIn(queues.names, steer.concurrency, started && steer.isTaking() ? ahead.places() : 0, desk.queues()),
    onClaim(claim) {
      // It was asked for before we were told.
      if (!steer.isTaking()) return void back.give([claim])
      // First the body, then the news of it.
      desk.begin(claim)
      voice.changed(claim.id)
    },
    onRevoked: ids => voice.changed(...ids),
    onUnknown: unknownKinds({ pool: db.pool, voice, log }),
    onUncertain: () => recover.unknown(id, [...desk.ids(), ...outcomes.attempts().map(({ id }) => id)])
  })
  opened.defer(claims.stop)

  const delayed = promoter({
    pool: db.pool,
    log,
    onDue: due => voice.wake(...due)
  })
  opened.defer(delayed.stop)

  const ears = await openEars({
    url,
    log,
    serves: queues.includes,
    onWork: claims.more,
    onStrangeQueue: () => void queues.lookAgain().catch(() => {}),
    onDelayed: delayed.wake,
    onCancel: task => desk.find(task)?.stop('cancelled'),
    onSteer(workers) {
      // Before that there is nobody to act on it; the first heartbeat tells it all the same.
      if (started && workers.includes(id)) presence.now()
    },
    onReconnect() {
      claims.wake()
      delayed.wake()
      if (started) presence.now()
      void stopCancelled(db, desk)
    }
  })
  opened.defer(ears.close)

  const boss = await openBoss({ db, supervise: true, onError: error => log.warn({ err: error }, 'pg-boss') })
  opened.defer(() => boss.stop({ graceful: false, close: false }))
  const schedules = await fireSchedules({ boss, db, kinds, voice, log, resultExpires: config.RESULT_EXPIRES })

  await children.ready().catch(error => log.error({ err: error }, 'a child process does not start'))
  await endDeadNeighbours(db.pool)
  // From here on it counts: whoever looks takes it for a worker that is up.
  opened.defer(() => unregister(db.pool, id, tally.counts()).catch(() => {}))
  await register(db.pool, { id, version, queues: queues.names, pools, concurrency: steer.concurrency })

  const presence = keepLease({
    pool: db.pool,
    log,
    worker: () => id,
    report: async () => ({ ...(await usage()), children: children.count, tasks: tally.counts() }),
    onBeat(desired) {
      // Heartbeats may come through where a question for work has gone into a connection that leads nowhere.
      if (isAnswered()) waitForDatabase.beginAnew()
      else waitForDatabase.silent(new Error('a question for work is without an answer'))
      steer.apply(desired)
    },
    onLook: () => stopCancelled(db, desk),
    onSilence: waitForDatabase.silent,
    async onLost() {
      log.error('another worker took this one for dead; what it ran is stopped and it starts over')
      desk.stopAll('lost')
      const next = uuid()
      const { concurrency } = steer
      const desired = await register(db.pool, { id: next, version, queues: queues.names, pools, concurrency }, id)
      id = next
      tally.reset()
      return desired
    },
    async onOrphans() {
      await queues.lookAgain()
      await recover.orphans()
      await recover.jobless()
      await recover.astray()
    }
  })
  opened.defer(presence.stop)

  const ends = stopping({
    log,
    desk,
    claims,
    turn,
    outcomes,
    announce: () => void sayEnding(db.pool, id).catch(() => {}),
    before: () => Promise.all([schedules.stop(), delayed.stop()]),
    givenBack: back.settled,
    after: async () => {
      await open.disposeAsync()
      log.info({ worker: id }, 'worker stopped')
    }
  })

  const open = opened.move()
  started = true
  claims.wake()
  presence.now()
  log.info(
    { worker: id, queues: queues.names, concurrency: steer.concurrency, health: health?.address },
    'worker ready'
  )

  /** Its heartbeats and its questions for work are answered; one that is paused or about to end is well, too. */
  function isReady() {
    return started && presence.isKept() && isAnswered()
  }

  function isAnswered() {
    return claims.waiting() < lease * 1000
  }

  return {
    get id() {
      return id
    },
    stop: ends.stop
  }
}

/** Which kinds run where. */
function poolsOf(kinds: Kinds): Pools {
  const names = (pool: string) => [...kinds.values()].filter(kind => kind.pool === pool).map(({ name }) => name)
  return { child: names('child').toSorted(), inline: names('inline').toSorted() }
}
