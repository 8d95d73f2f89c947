import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { v7 as uuid } from 'uuid'
import type { Config } from '#config.ts'
import { connect, throughIndexes } from '#database/connect.ts'
import { listen } from '#database/listen.ts'
import { delayedQueue, openBoss } from '#queue/boss.ts'
import { channels } from '#tasks/channels.ts'
import type { Kinds } from '#tasks/define.ts'
import { voiceOf } from '#tasks/voice.ts'
import { endDeadNeighbours, lease, type Pools, register, type Shutdown, unregister } from '#workers/presence.ts'
import { openTally } from '#workers/tally.ts'
import { usageMeter } from '#workers/usage.ts'
import { childPool } from './children.ts'
import { claimer } from './claimer.ts'
import { openDesk } from './desk.ts'
import { fireSchedules } from './fire.ts'
import { giverBack } from './give-back.ts'
import { patience } from './giving-up.ts'
import { serveHealth } from './health.ts'
import { keepLease } from './lease.ts'
import { typeboxInOneFile } from './one-file.ts'
import { prefetch } from './prefetch.ts'
import { progressWriter } from './progress.ts'
import { promoter } from './promoter.ts'
import { recovery } from './recovery.ts'
import { roomsIn } from './rooms.ts'
import { servedQueues } from './served-queues.ts'
import { settler } from './settler.ts'
import { steering } from './steering.ts'

interface Needs {
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

/** Milliseconds that a task which was taken ahead may wait for a child. */
const longestTurn = 500

export interface Worker {
  readonly id: string
  /** No new work; running attempts get so many seconds and are then handed back, uncounted. */
  stop(graceSeconds: number): Promise<void>
}

export async function startWorker({ url, config, kinds, log, version, env, end }: Needs): Promise<Worker> {
  let id = uuid()
  let started = false
  const db = connect(url, { name: 'darkroom worker', max: 6, settings: throughIndexes })
  const voice = voiceOf(db.pool)
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

  const first = await register(db.pool, {
    id,
    version,
    queues: queues.names,
    pools,
    concurrency: config.WORKER_CONCURRENCY
  })
  await endDeadNeighbours(db.pool)

  const steer = steering({
    first,
    onConcurrency(concurrency) {
      log.info({ concurrency }, 'told to run so many tasks side by side')
      children.resize(concurrency)
      void putBack(0)
      claims.wake()
    },
    onRest() {
      log.info('told to take nothing new')
      void putBack(0)
    },
    onResume() {
      log.info('told to take tasks again')
      claims.wake()
    },
    onShutdown: mode => void shutDown(mode)
  })

  const ahead = prefetch(() => steer.concurrency, config.WORKER_PREFETCH_MULTIPLIER)

  const DARKROOM_TYPEBOX = await typeboxInOneFile(log)
  const children = childPool({
    env: { ...env, DARKROOM_TYPEBOX },
    size: first.concurrency,
    maxTasks: config.WORKER_MAX_TASKS_PER_CHILD,
    maxMemory: config.WORKER_MAX_MEMORY_PER_CHILD && config.WORKER_MAX_MEMORY_PER_CHILD * 1024 ** 2
  })

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
    log,
    worker: () => id,
    onProgress: ({ id, attempt }, fraction, detail) => progress.report(id, attempt, fraction, detail),
    onEnded(claim, kind, ending) {
      progress.forget(claim.id)
      if (ending.worker === id) tally.ended(ending.outcome)
      waitForDatabase.beginAnew()
      ahead.ended(Date.now() - ending.started_at.getTime())
      outcomes.add({ claim, kind, ending })
      claims.wake()
    }
  })
  const recover = recovery({ db, voice, log })
  const back = giverBack({ log, putBack: recover.putBack, onDoubt: () => claims.doubt() })
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

  const claims = claimer({
    pool: db.pool,
    log,
    worker: () => id,
    children: () => steer.concurrency,
    rooms: () => roomsIn(queues.names, steer.concurrency, steer.isTaking() ? ahead.places() : 0, desk.queues()),
    onClaim(claim) {
      // It was asked for before we were told.
      if (!steer.isTaking()) return void back.give([claim])
      // First the body, then the news of it.
      desk.begin(claim)
      voice.changed(claim.id)
    },
    onRevoked: ids => voice.changed(...ids),
    onUncertain: () => recover.unknown(id, [...desk.ids(), ...outcomes.attempts().map(({ id }) => id)])
  })

  const delayed = promoter({
    pool: db.pool,
    log,
    onDue: due => voice.wake(...due)
  })

  const ears = await listen({
    url,
    name: 'darkroom worker ears',
    channels: {
      [channels.wake](payload) {
        const words = payload.split(',')
        if (words.includes(delayedQueue)) delayed.wake()
        if (words.some(queues.includes)) claims.more()
        else if (words.some(word => word !== delayedQueue)) void queues.lookAgain().catch(() => {})
      },
      [channels.cancel](payload) {
        for (const task of payload.split(',')) desk.find(task)?.stop('cancelled')
      },
      [channels.steer](payload) {
        // Before that there is nobody to act on it; the first heartbeat tells it all the same.
        if (started && payload.split(',').includes(id)) presence.now()
      }
    },
    onReconnect() {
      claims.wake()
      delayed.wake()
      presence.now()
      void stopCancelled()
    },
    onError: error => log.warn({ err: error }, 'the connection that listens was lost; reconnecting')
  })

  const presence = keepLease({
    pool: db.pool,
    log,
    worker: () => id,
    report: async () => ({ ...(await usage()), children: children.count, tasks: tally.counts() }),
    async onBeat(desired) {
      // Heartbeats may come through where a question for work has gone into a connection that leads nowhere.
      if (isAnswered()) waitForDatabase.beginAnew()
      else waitForDatabase.silent(new Error('a question for work is without an answer'))
      steer.apply(desired)
      await stopCancelled()
    },
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
    }
  })

  const boss = await openBoss({ db, supervise: true, onError: error => log.warn({ err: error }, 'pg-boss') })
  const schedules = await fireSchedules({ boss, db, kinds, voice, resultExpires: config.RESULT_EXPIRES })

  await recover.orphans()
  await children.ready().catch(error => log.error({ err: error }, 'a child process does not start'))
  claims.wake()
  started = true
  presence.now()
  log.info(
    { worker: id, queues: queues.names, concurrency: steer.concurrency, health: health?.address },
    'worker ready'
  )

  const turns = setInterval(() => void putBack(longestTurn), longestTurn / 2)

  /**
   * What was taken ahead and has not begun soon is put back: a long task has come up among the short ones, and
   * another worker may be free.
   */
  async function putBack(patience: number) {
    const recalled = desk.recall(patience, patience > 0 ? ahead.reserved() : 0)
    if (recalled.length === 0) return
    if (patience > 0) ahead.recalled(patience)
    await back.give(recalled)
  }

  /** What was asked for while we could not hear. */
  async function stopCancelled() {
    const ids = desk.ids()
    if (ids.length === 0) return
    const rows = await db.query
      .selectFrom('tasks')
      .select('id')
      .where('id', 'in', ids)
      .where('cancel_requested_at', 'is not', null)
      .execute()
      .catch(() => [])
    for (const { id } of rows) desk.find(id)?.stop('cancelled')
  }

  /** Its heartbeats and its questions for work are answered; one that is paused or about to end is well, too. */
  function isReady() {
    return started && presence.isKept() && isAnswered()
  }

  function isAnswered() {
    return claims.waiting() < lease * 1000
  }

  /** As somebody has asked for, by its row. By then it takes nothing new. */
  async function shutDown(mode: Shutdown) {
    if (mode === 'cold') {
      // It may be stopping already, and have patience.
      desk.stopAll('shutdown')
    } else {
      log.info('told to end once everything has ended that it runs')
      await putBack(0)
      // The last answer may still be on its way; what it brings goes back.
      await claims.stop()
      await desk.ended()
      await outcomes.flush()
    }
    end(`shut down (${mode})`, 0)
  }

  async function stop(graceSeconds: number) {
    desk.close()
    await schedules.stop()
    await Promise.all([claims.stop(), delayed.stop()])
    clearInterval(turns)
    await putBack(0)
    await back.settled()
    const grace = new AbortController()
    await Promise.race([desk.ended(), delay(graceSeconds * 1000, undefined, { signal: grace.signal }).catch(() => {})])
    grace.abort()
    desk.stopAll('shutdown')
    await desk.ended()
    progress.close()
    // The outcomes are worth a wait even now, but not for ever: the next worker finds what is left.
    await Promise.race([outcomes.flush(), delay(10_000, undefined, { ref: false })])
    await presence.stop()
    await ears.close()
    await children.close()
    health?.close()
    await boss.stop({ graceful: false, close: false })
    await unregister(db.pool, id, tally.counts()).catch(() => {})
    await voice.flush()
    await db.close()
    log.info({ worker: id }, 'worker stopped')
  }

  let stopped: Promise<void> | undefined
  return {
    get id() {
      return id
    },
    stop(graceSeconds) {
      if (stopped) desk.stopAll('shutdown')
      stopped ??= stop(graceSeconds)
      return stopped
    }
  }
}

/** Which kinds run where. */
function poolsOf(kinds: Kinds): Pools {
  const names = (pool: string) => [...kinds.values()].filter(kind => kind.pool === pool).map(({ name }) => name)
  return { child: names('child').toSorted(), inline: names('inline').toSorted() }
}
