import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { describe, summary } from './chaos/history/report.ts'
import { planFor } from './chaos/plan.ts'
import { randomFrom } from './chaos/random.ts'
import { runChaos } from './chaos/run.ts'

/**
 * Kills, freezes, cuts off and restarts workers, API and Postgres while clients submit, cancel and retry; then checks
 * the history against the rules. It takes minutes, so `scripts/test` has a short version of it.
 */
const usage = `Usage: node scripts/chaos.ts [options]

  --seed N      decides which process is hit when, and what is submitted (random); timing still differs between runs
  --minutes M   how long the chaos lasts (3); then the tasks have two minutes to finish
  --workers N   worker processes, with two children each (3)
  --rate N      submissions a second (12)
  --keep        leave the data and the logs of all processes where they are

Needs nothing but Linux: it brings a Postgres of its own. The exit code is 0 when no rule was broken.`

const options = {
  seed: { type: 'string' },
  minutes: { type: 'string', default: '3' },
  workers: { type: 'string', default: '3' },
  rate: { type: 'string', default: '12' },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false }
} as const

process.exitCode = await main()
// Sockets and processes that still hold the event loop have been told to stop.
process.exit()

async function main(): Promise<number> {
  let values: ReturnType<typeof parse>
  try {
    values = parse()
    if (values.help) {
      console.log(usage)
      return 0
    }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`)
    return 1
  }

  const { seed, minutes, workers, rate, keep } = values
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupt.abort())
  console.log(`seed ${seed}, ${minutes} minutes, ${workers} workers, ${rate} submissions a second`)

  const random = randomFrom(seed)
  const steps = planFor(random.fork(), minutes * 60)
  try {
    const { history, violations, folder } = await runChaos({
      random,
      steps,
      seconds: minutes * 60,
      workers,
      rate,
      patience: 120,
      durable: true,
      keep,
      say: line => console.log(line),
      signal: interrupt.signal
    })
    for (const violation of violations) console.log(`\n${describe(violation, history.ledger.began)}`)
    console.log(`\n${summary(history)}\n`)
    if (keep) console.log(`Data and logs are in ${folder}`)
    console.log(violations.length === 0 ? `PASS, seed ${seed}` : `FAIL, ${violations.length} violations, seed ${seed}`)
    return violations.length === 0 ? 0 : 1
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
    console.log('interrupted; all started processes are stopped')
    return 130
  }
}

function parse() {
  const { values } = parseArgs({ options })
  return {
    ...values,
    seed: number('seed', values.seed ?? String(randomInt(1, 2 ** 31)), 0, 2 ** 32 - 1),
    minutes: number('minutes', values.minutes, 0.1, 24 * 60),
    workers: number('workers', values.workers, 1, 100),
    rate: number('rate', values.rate, 0.1, 1_000)
  }
}

function number(name: string, text: string, least: number, most: number) {
  const value = Number(text)
  if (text.trim() !== '' && value >= least && value <= most) return value
  throw new Error(`--${name} must be a number from ${least} to ${most}, not "${text}"`)
}
