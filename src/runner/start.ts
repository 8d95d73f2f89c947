import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { v7 as uuid } from 'uuid'
import type { Config } from '#config.ts'
import { connect, throughIndexes } from '#database/connect.ts'
import { listen } from '#database/listen.ts'
import { delayedQueue, openBoss } from '#queue/boss.ts'
import { listQueueNames } from '#queue/names.ts'
import { channels } from '#tasks/channels.ts'
import type { Kinds } from '#tasks/define.ts'
import { voiceOf } from '#tasks/voice.ts'
import { endDeadNeighbours, register, unregister } from '#workers/presence.ts'
import { childPool } from './children.ts'
import { claimer } from './claimer.ts'
import { openDesk } from './desk.ts'
import { fireSchedules } from './fire.ts'
import { keepLease } from './lease.ts'
import { typeboxInOneFile } from './one-file.ts'
import { prefetch } from './prefetch.ts'
import { progressWriter } from './progress.ts'
import { promoter } from './promoter.ts'
import { recovery } from './recovery.ts'
import { roomsIn } from './rooms.ts'
import { settler } from './settler.ts'

interface Needs {
  url: string
  config: Config
  kinds: Kinds
  log: Logger
  version: string
  /** For the child processes. */
  env: NodeJS.ProcessEnv
}

/** Milliseconds that a task which was taken ahead may wait for a child. */
const longestTurn = 500

export interface Worker {
  readonly id: string
  /** No new work; running attempts get so many seconds and are then handed back, uncounted. */
  stop(graceSeconds: number): Promise<void>
}

export async function startWorker({ url, config, kinds, log, version, env }: Needs): Promise<Worker> {
  let id = uuid()
  const db = connect(url, { name: 'darkroom worker', max: 6, settings: throughIndexes })
  const voice = voiceOf(db.pool)
  let queues = config.WORKER_QUEUES ?? (await listQueueNames(db))
  const concurrency = config.WORKER_CONCURRENCY

  await register(db.pool, { id, version, queues, concurrency })
  await endDeadNeighbours(db.pool)

  const ahead = prefetch(concurrency, config.WORKER_PREFETCH_MULTIPLIER)

  const DARKROOM_TYPEBOX = await typeboxInOneFile(log)
  const children = childPool({
    env: { ...env, DARKROOM_TYPEBOX },
    size: concurrency,
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
      ahead.ended(Date.now() - ending.started_at.getTime())
      outcomes.add({ claim, kind, ending })
      claims.wake()
    }
  })
  const recover = recovery({ db, voice, log })

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
    rooms: () => roomsIn(queues, concurrency, ahead.places(), desk.queues()),
    onClaim(claim) {
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
        if (words.some(word => queues.includes(word))) claims.wake()
        else if (!config.WORKER_QUEUES && words.some(word => word !== delayedQueue))
          void meetNewQueues().catch(() => {})
      },
      [channels.cancel](payload) {
        for (const task of payload.split(',')) desk.find(task)?.stop('cancelled')
      }
    },
    onReconnect() {
      claims.wake()
      delayed.wake()
      void stopCancelled()
    },
    onError: error => log.warn({ err: error }, 'the connection that listens was lost; reconnecting')
  })

  const presence = keepLease({
    pool: db.pool,
    log,
    worker: () => id,
    async onLost() {
      log.error('another worker took this one for dead; what it ran is stopped and it starts over')
      desk.stopAll('lost')
      id = uuid()
      await register(db.pool, { id, version, queues, concurrency })
    },
    onBeat: stopCancelled,
    async onOrphans() {
      await meetNewQueues()
      await recover.orphans()
    }
  })

  const boss = await openBoss({ db, supervise: true, onError: error => log.warn({ err: error }, 'pg-boss') })
  const schedules = await fireSchedules({ boss, db, kinds, voice, resultExpires: config.RESULT_EXPIRES })

  await recover.orphans()
  await children.ready().catch(error => log.error({ err: error }, 'a child process does not start'))
  claims.wake()
  log.info({ worker: id, queues, concurrency }, 'worker ready')

  const turns = setInterval(() => void putBack(longestTurn), longestTurn / 2)

  /**
   * What was taken ahead and has not begun soon is put back: a long task has come up among the short ones, and
   * another worker may be free.
   */
  async function putBack(patience: number) {
    const recalled = desk.recall(patience, patience > 0 ? ahead.reserved : 0)
    if (recalled.length === 0) return
    ahead.recalled(patience)
    try {
      await recover.putBack(recalled)
    } catch (error) {
      // They are ours by the database's account and not by our own: found with the next claim, or by the next worker.
      log.warn({ err: error }, 'tasks could not be put back')
      claims.doubt()
    }
  }

  /** A worker of all queues serves those too that came after it. */
  async function meetNewQueues() {
    if (config.WORKER_QUEUES) return
    const all = await listQueueNames(db)
    if (all.every(name => queues.includes(name))) return
    queues = all
    await db.query.updateTable('workers').set({ queues }).where('id', '=', id).execute()
    claims.wake()
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

  async function stop(graceSeconds: number) {
    desk.close()
    await schedules.stop()
    await Promise.all([claims.stop(), delayed.stop()])
    clearInterval(turns)
    await putBack(0)
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
    await boss.stop({ graceful: false, close: false })
    await unregister(db.pool, id).catch(() => {})
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
