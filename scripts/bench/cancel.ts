import { percentile, startService } from './service.ts'

/**
 * From the request to cancel a running task to the answer that its processes are gone.
 *
 *   node scripts/bench/cancel.ts [tasks]
 */
const count = Number(process.argv[2] ?? 50)
const service = await startService({ LOG_LEVEL: 'warn' })

const waits: number[] = []
for (let done = 0; done < count; done++) {
  const id = await submit()
  await running(id)
  const asked = performance.now()
  const answer = await fetch(`${service.address}/api/tasks/${id}/cancel?wait=5`, { method: 'POST' })
  const { state } = (await answer.json()) as { state: string }
  if (answer.status !== 200 || state !== 'REVOKED') throw new Error(`${answer.status} ${state}`)
  waits.push(performance.now() - asked)
}
for (const p of [50, 99]) console.log(`cancel to confirmed, p${p}: ${percentile(waits, p).toFixed(0)} ms`)
await service.stop()

async function submit() {
  const answer = await fetch(`${service.address}/api/tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ task: 'sleep', args: { seconds: 60 } })
  })
  return ((await answer.json()) as { id: string }).id
}

/** Waits for the first progress of a task, so that there is something to stop. */
async function running(id: string) {
  for (;;) {
    const task = (await (await fetch(`${service.address}/api/tasks/${id}`)).json()) as { state: string }
    if (task.state === 'STARTED') return
  }
}
