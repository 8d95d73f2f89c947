import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster } from '../service/cluster.ts'

const policies = ['skip', 'once', 'all']

/** Schedules of every one to five seconds, with each policy for missed occurrences. */
export async function addSchedules(address: string, count = 20) {
  for (let number = 0; number < count; number++) {
    const body = {
      name: `schedule ${number}`,
      task: 'process_data',
      args: { data: `schedule ${number}` },
      every: 1 + (number % 5),
      missed: policies[number % 3],
      missed_max: 500
    }
    const answer = await fetch(`${address}/api/schedules`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body)
    })
    if (!answer.ok) throw new Error(`schedule ${number} was refused: ${await answer.text()}`)
  }
}

/** The tasks have to come to an end. The API may be starting again. */
export async function disableSchedules({ ask }: Cluster, signal: AbortSignal) {
  const text = `update darkroom.schedules set enabled = false, next_run_at = null, disabled_at = now()
    where enabled and not system returning id`
  while ((await ask(text)) === undefined) await delay(200, undefined, { signal })
}
