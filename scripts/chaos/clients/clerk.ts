import { setTimeout as delay } from 'node:timers/promises'
import type { Ledger, Order } from '../ledger.ts'
import type { Random } from '../random.ts'
import type { Answer, Requests } from './requests.ts'

interface Needs {
  requests: Requests
  ledger: Ledger
  /** Aborted when the clients are to submit nothing new. */
  closing: AbortSignal
  /** Aborted when the clients are to stop retrying. */
  over: AbortSignal
}

/** What becomes of one order: it is placed, and some are cancelled. */
export function clerk({ requests, ledger, closing, over }: Needs) {
  const { post, get } = requests

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

  const wait = (milliseconds: number) => waitUntil(over, milliseconds)

  return { serve }
}

function accept(order: Order, { body }: Answer) {
  order.answer = 'accepted'
  order.ids = body.ids ?? [body.id ?? body.task_id]
  if (order.ids.length !== order.names.length) {
    order.complaint = `${order.names.length} tasks were submitted and the answer has ${order.ids.length} ids`
  }
}

/** Ends early when the clients are to stop. */
async function waitUntil(over: AbortSignal, milliseconds: number) {
  await delay(Math.max(0, milliseconds), undefined, { signal: over }).catch(() => {})
}
