import type { History } from '../history/history.ts'
import type { Violation } from './violation.ts'

/** Each accepted order has its tasks, and each task its order. */
export function checkOrders({ ledger, tasks }: History): Violation[] {
  const byName = Map.groupBy(tasks, ({ order }) => order)
  const known = new Set(ledger.orders.flatMap(({ names }) => names))
  const violations: Violation[] = []

  for (const { names, ids, key, answer, complaint, path } of ledger.orders) {
    if (complaint) violations.push({ rule: 'a valid order is not refused', what: `${path}: ${complaint}` })
    else if (key !== undefined && answer !== 'accepted') {
      violations.push({
        rule: 'an order with an idempotency key is answered in the end',
        what: `order ${names[0]}: ${answer}`
      })
    }
    const there = names.map(name => byName.get(name) ?? [])
    for (const [place, found] of there.entries()) {
      if (found.length > 1) {
        const what = `there are ${found.length} of order ${names[place]}: ${found.map(({ id }) => id).join(', ')}`
        violations.push({ rule: 'an order makes each task once', what, task: found[1] })
      }
      const promised = answer === 'accepted' && !found.some(({ id }) => id === ids[place])
      if (promised) {
        violations.push({ rule: 'an accepted task is never lost', what: `order ${names[place]} was ${ids[place]}` })
      }
      if (answer === 'refused' && found.length > 0) {
        violations.push({ rule: 'a refused order makes no task', what: `order ${names[place]}`, task: found[0] })
      }
    }
    const some = there.filter(found => found.length > 0).length
    if (some > 0 && some < names.length) {
      violations.push({ rule: 'a bulk makes all of its tasks or none', what: `${some} of order ${names[0]}…` })
    }
  }
  for (const task of tasks) {
    if (task.schedule_id === null && !known.has(task.order ?? ''))
      violations.push({ rule: 'every task belongs to an order', what: task.id, task })
  }
  return violations
}
