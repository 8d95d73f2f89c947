import { setTimeout as delay } from 'node:timers/promises'
import { connect, throughIndexes } from '#database/connect.ts'

// An open transaction may hold a lock for an hour: other writes must not wait for it.
const settings = { ...throughIndexes, lock_timeout: '5s' }
// Milliseconds. A body that was given up may keep its connection for ever.
const longestClose = 1_000

/**
 * A worker's connections, opened on demand. Heartbeats and outcomes have one each that nothing else uses: slow queries
 * of task bodies must neither make a healthy worker look dead nor delay outcomes.
 */
export function openConnections(url: string) {
  const open = (name: string, max: number) => connect(url, { name, max, settings })
  const heartbeats = open('darkroom worker heartbeats', 1)
  // Other outcomes wait so long behind a locked one, once.
  const outcomes = connect(url, {
    name: 'darkroom worker outcomes',
    max: 1,
    settings: { ...settings, lock_timeout: '1s' }
  })
  // Outcomes that are written one by one: up to 2 may wait for a lock.
  const aside = open('darkroom worker aside', 2)
  const work = open('darkroom worker', 5)
  const bodies = open('darkroom worker bodies', 4)
  return {
    heartbeats,
    outcomes,
    aside,
    work,
    bodies,
    async close() {
      await Promise.all([heartbeats, outcomes, aside, work].map(each => each.close()))
      await Promise.race([bodies.close(), delay(longestClose, undefined, { ref: false })])
    }
  }
}

export type Connections = ReturnType<typeof openConnections>
