import { setTimeout as delay } from 'node:timers/promises'
import type { Ledger, Order } from './ledger.ts'
import { nextOrder } from './orders.ts'
import type { Random } from './random.ts'

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
const patience = 15_000

/** Clients that submit, repeat requests that got no answer, cancel fresh tasks, and retry failed ones. */
export function customers({ address, ledger, random, rate, backlog, closing, over }: Needs) {
  const busy = new Set<Promise<void>>()
  const regrets = random.fork()
  const second = random.fork()

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

  async function serve(order: Order, mood: Random) {
    await place(order, mood)
    if (order.answer !== 'accepted' || order.names.length > 1) return
    const [id] = order.ids
    if (mood.chance(0.05)) await cancelAsItFinishes(id!, order, mood)
    else if (mood.chance(0.06)) {
      await wait(mood.between(0, 2_000))
      await cancel(id!, mood.chance(0.5))
    }
  }

  /** With an idempotency key a request is repeated until it is answered; without one its outcome may stay unknown. */
  async function place(order: Order, mood: Random) {
    for (let doubtful = false; ; ) {
      const answer = await post(order.path, order.body, order.key)
      if (answer === 'unreached') {
        // The API was down, so it cannot have taken the order.
      } else if (answer === 'lost' || answer.status >= 500) doubtful = true
      else if (answer.status < 300) return accept(order, answer)
      else {
        order.answer = 'refused'
        order.complaint = `${answer.status} ${JSON.stringify(answer.body)}`
        return
      }
      if (order.key === undefined || over.aborted) {
        order.answer = doubtful ? 'unknown' : 'refused'
        return
      }
      await wait(mood.between(50, 800))
    }
  }

  function accept(order: Order, { body }: Answer) {
    order.answer = 'accepted'
    order.ids = body.ids ?? [body.id ?? body.task_id]
    if (order.ids.length !== order.names.length) {
      order.complaint = `${order.names.length} tasks were submitted and the answer has ${order.ids.length} ids`
    }
  }

  /** As close to the end of its body as polling allows: cancel and completion race. */
  async function cancelAsItFinishes(id: string, { body }: Order, mood: Random) {
    const { seconds = 0 } = (body as { args?: { seconds?: number } }).args ?? {}
    for (let looks = 100; looks > 0 && !closing.aborted; looks--) {
      const task = await get(`/api/tasks/${id}`)
      if (task?.finished_at) return
      if (task?.state === 'STARTED') {
        await wait(Date.parse(task.started_at) + seconds * 1000 + mood.between(-30, 60) - Date.now())
        return cancel(id, mood.chance(0.5))
      }
      await wait(40)
    }
  }

  async function cancel(id: string, patiently: boolean) {
    ledger.cancelled.add(id)
    await post(`/api/tasks/${id}/cancel${patiently ? '?wait=3' : ''}`)
  }

  async function retrySome() {
    while (!closing.aborted) {
      await delay(second.between(300, 1500), undefined, { signal: closing }).catch(() => {})
      if (closing.aborted) return
      const page = await get(`/api/tasks?limit=30&state=${second.pick(['FAILURE', 'REVOKED'])}`)
      const items: { id: string; args: { order?: string } }[] = page?.items ?? []
      const ours = items.filter(({ args }) => args.order !== undefined)
      if (ours.length === 0 || closing.aborted) continue
      const { id } = second.pick(ours)
      const answer = await post(`/api/tasks/${id}/retry`)
      const retries = ledger.retried.get(id) ?? { accepted: 0, unknown: 0 }
      if (answer === 'lost' || (answer !== 'unreached' && answer.status >= 500)) retries.unknown++
      else if (answer !== 'unreached' && answer.status === 202) retries.accepted++
      ledger.retried.set(id, retries)
    }
  }

  interface Answer {
    status: number
    body: any
  }

  async function post(path: string, body?: unknown, key?: string): Promise<Answer | 'unreached' | 'lost'> {
    try {
      const response = await fetch(address + path, {
        method: 'POST',
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(key !== undefined && { 'idempotency-key': key })
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(patience)
      })
      return { status: response.status, body: await response.json() }
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as { code?: string }
      return code === 'ECONNREFUSED' ? 'unreached' : 'lost'
    }
  }

  async function get(path: string): Promise<any> {
    try {
      const response = await fetch(address + path, { signal: AbortSignal.timeout(patience) })
      return response.ok ? await response.json() : undefined
    } catch {
      return undefined
    }
  }

  /** Ends early when the clients are to stop. */
  async function wait(milliseconds: number) {
    await delay(Math.max(0, milliseconds), undefined, { signal: over }).catch(() => {})
  }

  const working = Promise.all([submitAll(), retrySome()])
  return {
    /** Resolves when no request is pending. */
    async satisfied() {
      await working
      while (busy.size > 0) await Promise.all(busy)
    }
  }
}
