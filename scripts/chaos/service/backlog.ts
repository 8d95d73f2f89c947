import { setTimeout as delay } from 'node:timers/promises'
import { internalKinds } from '#tasks/internal.ts'
import { list } from '../history/report.ts'
import type { Cluster } from './cluster.ts'

interface SettleOptions {
  /** Seconds. */
  patience: number
  signal: AbortSignal
}

/** Counts unfinished tasks each second and prints a line every five. */
export function watchBacklog({ ask }: Cluster, say: (line: string) => void) {
  let before = { finished: 0, at: performance.now() }
  let left = 0
  let looks = 0
  let looking = false
  const timer = setInterval(async () => {
    if (looking) return
    looking = true
    const rows = await ask<{ state: string; count: number }>(
      'select state, count(*)::int as count from darkroom.tasks group by state'
    )
    looking = false
    if (!rows) return
    const counts = Object.fromEntries(rows.map(({ state, count }) => [state, count]))
    left = (counts.PENDING ?? 0) + (counts.STARTED ?? 0) + (counts.RETRY ?? 0)
    if (looks++ % 5 > 0) return
    const finished = (counts.SUCCESS ?? 0) + (counts.FAILURE ?? 0) + (counts.REVOKED ?? 0)
    const now = { finished, at: performance.now() }
    const rate = ((now.finished - before.finished) / (now.at - before.at)) * 1000
    say(`${rate.toFixed(0)} tasks/s; ${list(counts)}`)
    before = now
  }, 1_000)
  return { left: () => left, stop: () => clearInterval(timer) }
}

/** Whether all tasks finish in time, once all clients are satisfied. */
export async function settle({ ask }: Cluster, satisfied: Promise<void>, { patience, signal }: SettleOptions) {
  const end = performance.now() + patience * 1000
  let asking = true
  void satisfied.then(() => {
    asking = false
  })
  while (performance.now() < end) {
    signal.throwIfAborted()
    const rows = await ask<{ left: boolean }>(
      `select exists (select from darkroom.tasks where finished_at is null and task <> all($1))
        or exists (select from darkroom.deadlines where expires_at < now() - interval '1 second') as left`,
      [internalKinds]
    )
    if (!asking && rows?.[0]?.left === false) return true
    await delay(200)
  }
  return false
}
