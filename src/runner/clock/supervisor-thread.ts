import { parentPort, workerData } from 'node:worker_threads'
import { connect } from '#database/connect.ts'
import { stepBack } from '#processes/background.ts'
import { openBoss } from '#queue/boss.ts'
import type { Warning } from '../thread.ts'

/** The thread of `supervisor.ts`. Its start takes what others leave of a processor: bodies and outcomes come first. */
const { url } = workerData as { url: string }
stepBack()
const db = connect(url, { name: 'darkroom worker supervisor', max: 2 })
const boss = await openBoss({
  db,
  supervise: true,
  onError: error =>
    parentPort!.postMessage({ details: { reason: error.message }, text: 'pg-boss failed' } satisfies Warning)
})

parentPort!.once('message', async () => {
  await boss.stop({ graceful: false, close: false })
  await db.close()
  process.exit(0)
})
