import type { Logger } from 'pino'
import { listen } from '#database/listen.ts'
import { delayedQueue } from '#queue/boss.ts'
import { channels } from '#tasks/channels.ts'

interface Needs {
  url: string
  log: Logger
  /** Whether this worker takes from a queue. */
  serves(queue: string): boolean
  /** There is something in a queue that it takes from. */
  onWork(): void
  /** Only in one that it does not know. */
  onStrangeQueue(): void
  /** A time to start was set that may be sooner than the next one known. */
  onDelayed(): void
  onCancel(task: string): void
  onSteer(workers: string[]): void
  /** Whatever was said in between is lost. */
  onReconnect(): void
}

/** What a worker hears from everybody else. */
export function openEars({ url, log, serves, ...on }: Needs) {
  return listen({
    url,
    name: 'darkroom worker ears',
    channels: {
      [channels.wake](payload) {
        const queues = payload.split(',')
        if (queues.includes(delayedQueue)) on.onDelayed()
        if (queues.some(serves)) on.onWork()
        else if (queues.some(queue => queue !== delayedQueue)) on.onStrangeQueue()
      },
      [channels.cancel](payload) {
        for (const task of payload.split(',')) on.onCancel(task)
      },
      [channels.steer](payload) {
        on.onSteer(payload.split(','))
      }
    },
    onReconnect: on.onReconnect,
    onError: error => log.warn({ err: error }, 'the connection that listens was lost; reconnecting')
  })
}
