import { setTimeout as delay } from 'node:timers/promises'
import type { Ledger } from '../ledger.ts'
import type { Random } from '../random.ts'
import { clerk } from './clerk.ts'
import { nextOrder } from './orders.ts'
import { type Requests, requestsTo } from './requests.ts'

interface Needs {
  address: string
  ledger: Ledger
  random: Random
  /** Orders a second. */
  rate: number
  /** How many tasks are not finished. */
  backlog(): number
  /** Aborted when the clients are to submit nothing new. */
  closing: AbortSignal
  /** Aborted when the clients are to stop retrying. */
  over: AbortSignal
}

// If the backlog only grew, most tasks would never run and prove nothing.
const longestQueue = 400

/** Clients that submit, repeat requests that got no answer, cancel fresh tasks, and retry failed ones. */
export function customers({ address, ledger, random, rate, backlog, closing, over }: Needs) {
  const busy = new Set<Promise<void>>()
  const regrets = random.fork()
  const second = random.fork()
  const requests = requestsTo(address)
  const { serve } = clerk({ requests, ledger, closing, over })

  async function submitAll() {
    let next = performance.now()
    while (!closing.aborted) {
      next = Math.max(next + 1000 / rate, performance.now() - 1000)
      await delay(Math.max(0, next - performance.now()), undefined, { signal: closing }).catch(() => {})
      if (closing.aborted) return
      if (backlog() > longestQueue) continue
      const order = nextOrder(ledger.orders.length + 1, random)
      ledger.orders.push(order)
      let work: Promise<void>
      work = serve(order, regrets.fork()).finally(() => busy.delete(work))
      busy.add(work)
    }
  }

  const working = Promise.all([submitAll(), retrySome({ requests, ledger, random: second, closing })])
  return {
    /** Resolves when no request is pending. */
    async satisfied() {
      await working
      while (busy.size > 0) await Promise.all(busy)
    }
  }
}

interface Retrying {
  requests: Requests
  ledger: Ledger
  random: Random
  closing: AbortSignal
}

async function retrySome({ requests: { get, post }, ledger, random, closing }: Retrying) {
  while (!closing.aborted) {
    await delay(random.between(300, 1500), undefined, { signal: closing }).catch(() => {})
    if (closing.aborted) return
    const page = await get(`/api/tasks?limit=30&state=${random.pick(['FAILURE', 'REVOKED'])}`)
    const items: { id: string; args: { order?: string } }[] = page?.items ?? []
    const ours = items.filter(({ args }) => args.order !== undefined)
    if (ours.length === 0 || closing.aborted) continue
    const { id } = random.pick(ours)
    const answer = await post(`/api/tasks/${id}/retry`)
    const retries = ledger.retried.get(id) ?? { accepted: 0, unknown: 0 }
    if (answer === 'lost' || (answer !== 'unreached' && answer.status >= 500)) retries.unknown++
    else if (answer !== 'unreached' && answer.status === 202) retries.accepted++
    ledger.retried.set(id, retries)
  }
}
