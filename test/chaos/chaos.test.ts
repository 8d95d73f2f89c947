import t from 'tap'
import type { BlowName } from '../../scripts/chaos/blows.ts'
import { describe } from '../../scripts/chaos/history/report.ts'
import { inTurn } from '../../scripts/chaos/plan.ts'
import { randomFrom } from '../../scripts/chaos/random.ts'
import { runChaos } from '../../scripts/chaos/run.ts'
import { skipWithoutProc } from '../harness/processes.ts'

// A few seconds of `node scripts/chaos.ts`, without a frozen worker: a lease outlasts this run.
const seconds = 6
const blows: BlowName[] = [
  'kill a child',
  'kill a worker',
  'terminate all backends',
  'kill the API',
  'restart Postgres immediately',
  'pause a queue',
  'stop a worker',
  'kill a worker'
]

t.test(
  'workers, API and Postgres are killed, and every task that was accepted has one end, as promised',
  { skip: skipWithoutProc },
  async t => {
    const random = randomFrom(1)
    const interrupt = new AbortController()
    t.teardown(() => interrupt.abort())
    const said: string[] = []

    const { history, violations } = await runChaos({
      random,
      steps: inTurn(random.fork(), seconds, blows),
      seconds,
      workers: 2,
      rate: 12,
      patience: 40,
      durable: false,
      keep: false,
      say: line => said.push(line),
      signal: interrupt.signal
    })

    t.strictSame(
      violations.map(violation => describe(violation, history.ledger.began)),
      [],
      said.join('\n')
    )
    t.ok(history.tasks.length > 10, `${history.tasks.length} tasks`)
    t.ok(history.ledger.blows.length >= 6, `${history.ledger.blows.length} blows`)
  }
)
