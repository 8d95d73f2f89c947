import type { History, TaskHistory } from './history.ts'
import { livesOf } from './lives.ts'
import { rules } from './rules.ts'
import { checkSchedules } from './schedules.ts'

export interface Violation {
  /** The rule that was broken. */
  rule: string
  what: string
  task?: TaskHistory | undefined
}

/** All violations in a history. It reads the history alone, so that tests can forge one. */
export function check(history: History): Violation[] {
  return [
    ...history.tasks.flatMap(task => checkTask(task, history)),
    ...checkOrders(history),
    ...checkSchedules(history),
    ...checkWorkers(history),
    ...history.tripped.map(({ task_id, what }) => ({
      rule: 'at each commit task, job and attempt agree',
      what,
      task: history.tasks.find(({ id }) => id === task_id)
    })),
    ...history.leftRows.map(what => ({ rule: 'no row or session is left behind', what })),
    ...history.leftProcesses.map(({ pid, command }) => ({ rule: 'no process is left', what: `${pid} ${command}` })),
    ...history.ledger.surprises.map(what => ({ rule: 'a process ends when it is told to, and only then', what }))
  ]
}

function checkTask(task: TaskHistory, history: History): Violation[] {
  const { lives } = livesOf(task)
  return Object.entries(rules).flatMap(([rule, wrong]) =>
    wrong(task, history, lives).map(what => ({ rule, what, task }))
  )
}

/** Each accepted order has its tasks, and each task its order. */
function checkOrders({ ledger, tasks }: History): Violation[] {
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

/** A worker that is slow, or cannot reach the database for a while, is not lost. */
function checkWorkers({ ledger, workers }: History): Violation[] {
  const hurt = new Set(ledger.blows.filter(({ deadly }) => deadly).map(({ pid }) => pid)).union(ledger.gone)
  return [...workers].flatMap(([id, { pid, status }]) =>
    status === 'lost' && !hurt.has(pid)
      ? [
          {
            rule: 'only a worker that was killed or frozen is marked lost',
            what: `worker ${id} (pid ${pid}) was marked lost`
          }
        ]
      : []
  )
}
