import type { Logger } from 'pino'
import type { Database } from '#database/connect.ts'
import { listen } from '#database/listen.ts'
import { delayedQueue, dueQueue, internalQueues } from '#queue/boss.ts'
import { channels } from '#tasks/channels.ts'
import type { Bodies } from './bodies/bodies.ts'
import type { Books } from './books/books.ts'
import type { Clock } from './clock/clock.ts'
import type { Couriers } from './couriers.ts'
import type { Heartbeat } from './heartbeat.ts'
import { lookAtHeld } from './held.ts'
import type { Intake } from './intake/intake.ts'

interface OpenEarsOptions {
  db: Database
  intake: Intake
  bodies: Bodies
  books: Books
  heart: Heartbeat
  clock: Clock
  couriers: Couriers
  log: Logger
}

/** Acts on notifications of other processes. They are hints: polling finds what a lost one announced. */
export function openEars({ db, intake, bodies, books, heart, clock, couriers, log }: OpenEarsOptions) {
  return listen({
    url: db.url,
    name: 'darkroom worker ears',
    channels: {
      [channels.wake](payload) {
        const queues = payload.split(',')
        if (queues.includes(delayedQueue)) intake.wakeDelayed()
        if (queues.includes(dueQueue)) clock.lookNow()
        if (queues.some(intake.serves)) intake.more()
        else if (queues.some(queue => !internalQueues.includes(queue))) void intake.lookForQueues().catch(() => {})
      },
      [channels.cancel](payload) {
        for (const task of payload.split(',')) bodies.desk.stop(task, 'cancelled')
      },
      [channels.steer](payload) {
        if (payload.split(',').includes(books.worker.id)) heart.now()
      },
      [channels.webhooks]: couriers.lookNow
    },
    onReconnect() {
      intake.lookAgain()
      clock.lookNow()
      couriers.lookAgain()
      heart.now()
      void lookAtHeld(db.pool, bodies.desk)
    },
    onError: error => log.warn({ err: error }, 'the LISTEN connection was lost; reconnecting')
  })
}
